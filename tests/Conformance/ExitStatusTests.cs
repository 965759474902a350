namespace Containerception.Conformance.Tests;

public sealed class ExitStatusTests : ContainerTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(77)]
    [InlineData(255)]
    public void The_status_of_the_process_is_runs(int status) => Assert.Equal(status, Shell($"exit {status}").Status);

    [Theory]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(15)]
    [InlineData(6)]
    public void A_process_killed_by_a_signal_ends_with_128_and_the_signal(int signal)
    {
        // pid 1 of a pid namespace does not feel its own signals.
        Config.WithoutNamespace("pid");
        Assert.Equal(128 + signal, Shell($"kill -{signal} $$; sleep 10").Status);
    }

    [Theory]
    [InlineData("nosuchprogram", "executable file not found in $PATH")]
    [InlineData("/bin/nosuchprogram", "no such file or directory")]
    [InlineData("/etc/notexecutable", "permission denied")]
    public void A_program_that_cannot_be_started_is_named(string program, string reason)
    {
        File.WriteAllText(Bundle.InRoot("/etc/notexecutable"), "#!/bin/sh\n");
        Outcome outcome = RunArgs(program);
        Assert.Equal(1, outcome.Status);
        Assert.Contains(program, outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(reason, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_cannot_be_started()
    {
        Outcome outcome = RunArgs("/etc");
        Assert.Equal(1, outcome.Status);
        Assert.Matches("permission denied|is a directory", outcome.Errors);
    }

    [Fact]
    public void A_script_without_its_interpreter_cannot_be_started()
    {
        File.WriteAllText(Bundle.InRoot("/bin/script"), "#!/no/such/shell\n");
        File.SetUnixFileMode(Bundle.InRoot("/bin/script"), (UnixFileMode)Convert.ToInt32("755", 8));
        Outcome outcome = RunArgs("/bin/script");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("no such file or directory", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_program_cannot_be_started()
    {
        File.WriteAllBytes(Bundle.InRoot("/bin/noise"), [1, 2, 3, 4]);
        File.SetUnixFileMode(Bundle.InRoot("/bin/noise"), (UnixFileMode)Convert.ToInt32("755", 8));
        Outcome outcome = RunArgs("/bin/noise");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("exec format error", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_the_process_leaves_running_ends_with_it()
    {
        Assert.Equal(3, Shell("sleep 1000 & sleep 1000 & exit 3").Status);
    }

    [Fact]
    public void What_the_process_leaves_running_ends_with_it_in_the_hosts_pid_namespace_too()
    {
        Config.WithoutNamespace("pid");
        Assert.Equal(3, Shell("sleep 1000 >/dev/null 2>&1 & exit 3").Status);
    }

    [Theory]
    [InlineData(Posix.SIGTERM)]
    [InlineData(Posix.SIGINT)]
    public void A_signal_to_run_reaches_the_process(int signal)
    {
        Config.SetWords("process.args", "/bin/sh", "-c", "trap 'exit 42' TERM INT; echo ready >/tmp/ready; while :; do sleep 0.01; done");
        Config.Set("root.readonly", false);
        Bundle.Save();
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);
        WaitFor(() => File.Exists(Bundle.InRoot("/tmp/ready")), "the trap");
        run.Signal(signal);
        Assert.Equal(42, run.Wait().Status);
    }

    [Fact]
    public void Every_signal_that_can_be_forwarded_is()
    {
        int[] signals = [Posix.SIGHUP, Posix.SIGUSR1, 12, 14, 18, Posix.SIGTERM];
        string output = Path.Combine(Scratch, "said");
        string traps = string.Join(' ', signals.Select(signal => $"trap 'echo got {signal}' {signal};"));
        Config.SetWords("process.args", "/bin/sh", "-c", traps + " trap 'exit 0' INT; echo ready; while :; do sleep 0.01; done");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", $"exec \"$@\" >{output}", "sh"], "run", "--bundle", Bundle.Path, Id);
        WaitFor(() => File.Exists(output) && File.ReadAllText(output).StartsWith("ready", StringComparison.Ordinal), "the traps");
        foreach (int signal in signals)
        {
            run.Signal(signal);
            WaitFor(() => File.ReadAllText(output).Contains($"got {signal}\n", StringComparison.Ordinal), $"signal {signal}");
        }

        run.Signal(Posix.SIGINT);
        Assert.Equal(0, run.Wait().Status);
    }
}
