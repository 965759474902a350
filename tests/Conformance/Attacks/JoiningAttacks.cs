namespace Containerception.Conformance.Tests.Attacks;

/// <summary>A process in a container that waits for a runtime to join it, or to let its init go on, and looks into it: /proc/PID, ptrace, /proc/PID/exe.</summary>
public sealed class JoiningAttacks : ContainerTest
{
    private static string RuntimeFile => OciRuntime.Program.Contains('/', StringComparison.Ordinal)
        ? OciRuntime.Program
        : Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Select(folder => Path.Combine(folder, OciRuntime.Program)).First(File.Exists);

    /// <summary>A container that runs the runtime's own binary through /proc/self/exe can open it for writing when it ends.</summary>
    [Fact]
    public void CVE_2019_5736_the_runtimes_binary_overwritten_from_inside()
    {
        byte[] before = File.ReadAllBytes(RuntimeFile);
        Config.Set("root.readonly", false);
        // The program of the container is its runtime, by way of a script; whoever is it can be caught by another process.
        File.WriteAllText(Bundle.InRoot("/bin/trap"), "#!/proc/self/exe\n");
        File.SetUnixFileMode(Bundle.InRoot("/bin/trap"), (UnixFileMode)Convert.ToInt32("755", 8));
        string attack = """
            for i in $(seq 300); do
              for pid in $(ls /proc | grep '^[0-9]'); do
                test $pid = 1 && continue
                (echo overwritten >/proc/$pid/exe) 2>/dev/null && echo got it
                test -e /proc/$pid/exe && readlink /proc/$pid/exe
              done
            done
            """;
        StartDetached("/bin/sh", "-c", attack + "; sleep 1000");
        for (int i = 0; i < 20; i++)
        {
            Runtime.Invoke("exec", Id, "/bin/trap");
            Runtime.Invoke("exec", Id, "/proc/self/exe", "--version");
        }

        DeleteForced();
        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(RuntimeFile)), "the runtime's binary has changed");
    }

    [Fact]
    public void CVE_2019_5736_the_exe_link_of_the_first_process()
    {
        byte[] before = File.ReadAllBytes(RuntimeFile);
        Config.Set("root.readonly", false);
        RunArgs("/proc/self/exe", "--version");
        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(RuntimeFile)));
    }

    /// <summary>With and without CAP_SYS_PTRACE, which looks into any process that it can see.</summary>
    [Theory]
    [InlineData("hunt")]
    [InlineData("look", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH")]
    public void CVE_2016_9962_a_process_in_the_container_races_exec(string how, params string[] capabilities)
    {
        Canary canary = new(Scratch);
        Config.WithCapabilities(capabilities);
        StartHunting(how, 4000, canary);
        int joined = 0;
        while (!IsOver())
        {
            joined += Join();
        }

        Assert.True(joined > 10, $"only {joined} joined in that time");
        AssertFoundNothing();
        DeleteForced();
        canary.AssertUntouched();
    }

    /// <summary>Between create and start init still is the runtime, and whoever is told to may join.</summary>
    [Theory]
    [InlineData("look", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH")]
    [InlineData("hunt")]
    public void CVE_2016_9962_and_2019_5736_an_exec_that_looks_into_init_before_its_start(string how, params string[] capabilities)
    {
        Canary canary = new(Scratch);
        Config.WithCapabilities(capabilities);
        Config.Set("root.readonly", false);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create().Succeeded();

        // Detached: while the runtime itself runs, nobody can write its file.
        using Command exec = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"],
            "exec", "--detach", Id, "/bin/sh", "-c", $"/bin/probe {how} 3000 {canary.Secret} >/tmp/hunting; mv /tmp/hunting /tmp/found");
        exec.Wait().Succeeded();
        WaitFor(IsHunting, "the hunt to begin");
        Runtime.Invoke("start", Id).Succeeded();
        WaitFor(IsOver, "the hunt");
        AssertFoundNothing();
        DeleteForced();
    }

    [Fact]
    public void CVE_2019_5736_an_exec_that_is_given_the_right_to_trace_before_the_start()
    {
        Canary canary = new(Scratch);
        Config.Set("root.readonly", false);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create().Succeeded();
        using Command exec = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"],
            "exec", "--detach", "--cap", "CAP_SYS_PTRACE", Id, "/bin/sh", "-c", $"/bin/probe look 2000 {canary.Secret} >/tmp/hunting; mv /tmp/hunting /tmp/found");
        bool refused = exec.Wait().Status != 0;
        if (!refused)
        {
            WaitFor(IsHunting, "the hunt to begin");
        }

        Runtime.Invoke("start", Id).Succeeded();
        if (!refused)
        {
            WaitFor(IsOver, "the hunt");
            AssertFoundNothing();
        }

        DeleteForced();
    }

    /// <summary>The image's programs run as hooks inside, beside an init that still is the runtime.</summary>
    [Fact]
    public void CVE_2019_5736_a_hook_inside_that_keeps_the_exe_link_of_init()
    {
        Canary canary = new(Scratch);
        Config.WithCapabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH");
        Config.Set("root.readonly", false);
        Config.AddHook("startContainer", "/bin/sh", "-c", $"(/bin/probe look 1500 {canary.Secret} >/tmp/hunting; mv /tmp/hunting /tmp/found) & sleep 0.3");
        StartDetached();
        WaitFor(IsOver, "the hunt");
        AssertFoundNothing();
        DeleteForced();
    }

    [Fact]
    public void CVE_2016_9962_a_container_made_in_the_pid_namespace_of_another_that_looks()
    {
        Canary canary = new(Scratch);
        int pid = StartHunting("hunt", 3000, canary)["pid"]!.GetValue<int>();
        Config.SetWords("process.args", "/bin/true");
        Config.WithNamespace("pid", $"/proc/{pid}/ns/pid");
        Bundle.Save();
        int made = 0;
        while (!IsOver())
        {
            Runtime.Invoke("run", "--bundle", Bundle.Path, Id + "-second").Succeeded();
            made++;
        }

        Assert.True(made > 5, $"only {made} were made in that time");
        AssertFoundNothing();
        DeleteForced();
    }

    /// <summary>A process that is not dumpable leaves no core on the host, and its /proc belongs to root.</summary>
    [Fact]
    public void CVE_2016_9962_init_before_its_start_cannot_be_dumped()
    {
        Config.Set("process.user.uid", 7);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create().Succeeded();
        int pid = State()["pid"]!.GetValue<int>();
        Assert.Contains("Uid:\t7\t", File.ReadAllText($"/proc/{pid}/status"), StringComparison.Ordinal);
        Assert.Equal("0", Command.Run("stat", "-c", "%u", $"/proc/{pid}/environ").Succeeded());
        DeleteForced();
    }

    private int Join()
    {
        try
        {
            Runtime.Invoke("exec", Id, "/bin/true").Succeeded();
            return 1;
        }
        catch (System.ComponentModel.Win32Exception busy) when (busy.NativeErrorCode == 26)
        {
            // ETXTBSY: an open for writing counts as a writer until the kernel comes to see that the mount is read-only. docs/security.md has it.
            return 0;
        }
    }

    private System.Text.Json.Nodes.JsonNode StartHunting(string how, int milliseconds, Canary canary)
    {
        Config.Set("root.readonly", false);
        return StartDetached("/bin/sh", "-c", $"/bin/probe {how} {milliseconds} {canary.Secret} >/tmp/hunting; mv /tmp/hunting /tmp/found; sleep 1000");
    }

    private bool IsHunting() => IsOver() || File.Exists(Bundle.InRoot("/tmp/hunting"));

    private bool IsOver() => File.Exists(Bundle.InRoot("/tmp/found"));

    private void AssertFoundNothing() => Assert.Equal("over\n", File.ReadAllText(Bundle.InRoot("/tmp/found")));
}
