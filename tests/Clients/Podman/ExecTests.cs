namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman exec.</summary>
public sealed class ExecTests : PodmanTest
{
    public ExecTests(Podman podman) : base(podman) => Start("sleep 1000");

    [Fact]
    public void A_command_runs_in_the_container()
        => Assert.Equal(["1", "sleep"], Lines(Exec("sh", "-c", "readlink /proc/self/ns/pid | wc -l; cat /proc/1/comm")));

    [Theory]
    [InlineData(5, "sh", "-c", "exit 5")]
    [InlineData(137, "sh", "-c", "kill -KILL $$")]
    [InlineData(127, "nothing")]
    [InlineData(126, "/etc/passwd")]
    public void The_exit_status_is_the_commands(int status, params string[] command) => Assert.Equal(status, Podman.Do(["exec", "c", .. command]).Status);

    [Fact]
    public void The_errors_are_the_containers()
    {
        Outcome outcome = Podman.Do("exec", "c", "sh", "-c", "echo out; echo error >&2");
        Assert.Equal(("out\n", "error\n"), (outcome.Output, outcome.Errors));
    }

    [Fact]
    public void Standard_input_reaches_the_command()
        => Assert.Equal("inward", Podman.Session.Shell($"echo inward | podman --runtime {Session.Runtime} exec -i c cat").Succeeded());

    [Fact]
    public void A_terminal_is_one()
    {
        Outcome outcome = Podman.OnTerminal("exec", "-it", "c", "sh", "-c", "tty; exit 6");
        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(6, outcome.Status);
    }

    [Fact]
    public void A_command_can_be_left_to_itself()
    {
        Podman.Says("exec", "--detach", "c", "touch", "/tmp/done");
        Session.Until(() => Podman.Do("exec", "c", "test", "-e", "/tmp/done").Status == 0, "the file of a detached command");
    }

    [Fact]
    public void User_directory_and_environment_are_given()
        => Assert.Equal(
            ["uid=1234(ann) gid=1235(ann) groups=50(staff),1235(ann)", "/home", "value"],
            Lines(Podman.Says("exec", "--user", "ann", "--workdir", "/home", "--env", "VARIABLE=value", "c", "sh", "-c", "id; pwd; echo $VARIABLE")));

    [Fact]
    public void A_user_other_than_root_has_no_capabilities()
        => Assert.Equal(new string('0', 16), Lines(Podman.Says("exec", "--user", "ann", "c", "grep", "CapEff", "/proc/self/status"))[0].Split(' ')[1]);

    [Fact]
    public void A_privileged_command_has_all_capabilities()
        => Assert.Equal(Podman.Session.Shell("grep CapBnd /proc/self/status | cut -f2").Succeeded(), Lines(Podman.Says("exec", "--privileged", "c", "grep", "CapEff", "/proc/self/status"))[0].Split(' ')[1]);

    [Theory]
    [InlineData("--preserve-fds 1", 3)]
    [InlineData("--preserve-fd 5", 5)]
    public void Descriptors_are_passed_on(string flag, int number)
        => Assert.Equal(
            "session", Podman.Session.Shell($"exec {number}</etc/hostname; podman --runtime {Session.Runtime} exec {flag} c sh -c 'cat <&{number}'").Succeeded());

    [Fact]
    public void The_command_is_in_the_containers_control_groups() => Assert.Equal(Exec("cat", "/proc/1/cgroup"), Exec("cat", "/proc/self/cgroup"));

    [Fact]
    public void The_command_dies_with_the_container()
    {
        using Command exec = Podman.Start("exec", "c", "sleep", "1000");
        Session.Until(() => Podman.Says("top", "c", "args").Split("sleep 1000").Length == 3, "the second sleep");
        Podman.Says("stop", "--time", "0", "c");
        Assert.Equal(137, exec.Wait().Status);
    }
}
