namespace Containerception.Clients.Tests;

/// <summary>docker exec, top, cp, stats, commit: looking into a container that runs.</summary>
public sealed class DockerExecTests(Docker docker) : DockerTest(docker)
{
    [Fact]
    public void It_has_the_containers_environment_and_its_own_user_directory_and_variables()
    {
        Launch("one", ["--env", "A=there"], "sleep", "1000");

        Assert.Equal("there 0 /", Docker.Says("exec", "one", "sh", "-c", "echo $A $(id -u) $(pwd)"));
        Assert.Equal("here 1234 50 1235 /tmp", Docker.Says(
            "exec", "--user", "ann", "--workdir", "/tmp", "--env", "A=here", "one", "sh", "-c", "echo $A $(id -u) $(id -G | tr ' ' '\\n' | sort -n) $(pwd)"));
    }

    [Fact]
    public void Its_exit_status_comes_back()
    {
        Launch("one", [], "sleep", "1000");

        Assert.Equal(9, Docker.Do("exec", "one", "sh", "-c", "exit 9").Status);
        Assert.Equal(137, Docker.Do("exec", "one", "sh", "-c", "kill -KILL $$").Status);
    }

    [Theory]
    [InlineData("nothing", 127, "exec failed: unable to start container process: exec: \"nothing\": executable file not found in $PATH")]
    [InlineData("/etc/passwd", 126, "exec failed: unable to start container process: exec: \"/etc/passwd\": permission denied")]
    [InlineData("/etc", 126, "exec failed: unable to start container process: exec: \"/etc\": is a directory")]
    public void What_cannot_be_executed_has_the_exit_status_of_a_shell(string command, int status, string message)
    {
        Launch("one", [], "sleep", "1000");

        Outcome outcome = Docker.Do("exec", "one", command);

        Assert.Equal(status, outcome.Status);
        Assert.Contains(message, outcome.Errors + outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_is_not_there_is_told()
    {
        Launch("one", [], "sleep", "1000");

        Outcome outcome = Docker.Do("exec", "--workdir", "/nowhere", "one", "pwd");

        Assert.Equal(127, outcome.Status);
        Assert.Contains("chdir to cwd (\"/nowhere\") set in config.json failed: no such file or directory", outcome.Errors + outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Standard_input_goes_in()
    {
        Launch("one", [], "sleep", "1000");

        Assert.Equal("asked", Docker.Session.Shell("echo asked | docker exec -i one cat").Succeeded());
    }

    [Fact]
    public void A_terminal_is_a_terminal()
    {
        Launch("one", [], "sleep", "1000");

        Outcome outcome = Docker.Session.Shell("script -qec \"docker exec -it one sh -c 'tty; exit 3'\" /dev/null </dev/null");

        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(3, outcome.Status);
    }

    [Fact]
    public void It_may_stay_in_the_background()
    {
        Launch("one", [], "sleep", "1000");

        Docker.Says("exec", "--detach", "one", "touch", "/tmp/made");

        Session.Until(() => Docker.Do("exec", "one", "test", "-e", "/tmp/made").Status == 0, "the file is made");
    }

    [Fact]
    public void It_may_have_privileges_that_the_container_has_not()
    {
        Launch("one", [], "sleep", "1000");

        Assert.NotEqual(
            Docker.Says("exec", "one", "grep", "CapEff", "/proc/self/status"),
            Docker.Says("exec", "--privileged", "one", "grep", "CapEff", "/proc/self/status"));
        Assert.Equal("Seccomp:\t2", Docker.Says("exec", "one", "grep", "Seccomp:", "/proc/self/status"));
    }

    [Fact]
    public void A_container_that_has_ended_has_none()
    {
        Launch("one", [], "true");
        UntilIt("one", "{{.State.Status}}", "exited");

        Assert.Equal(1, Docker.Do("exec", "one", "true").Status);
    }

    [Fact]
    public void Top_lists_the_processes()
    {
        Launch("one", [], "sh", "-c", "sleep 1000 & sleep 1001");

        Session.Until(() => Docker.Says("top", "one", "-o", "pid,args").Split('\n').Length == 3, "two processes");
        Assert.Contains("sleep 1000", Docker.Says("top", "one"), StringComparison.Ordinal);
    }

    [Fact]
    public void Stats_are_told()
    {
        Launch("one", ["--memory", "64m"], "sh", "-c", "while :; do :; done");

        string[] stats = Docker.Says("stats", "--no-stream", "--format", "{{.PIDs}},{{.MemUsage}},{{.CPUPerc}}", "one").Split(',');

        Assert.Equal("1", stats[0]);
        Assert.EndsWith("/ 64MiB", stats[1], StringComparison.Ordinal);
        Assert.NotEqual("0.00%", stats[2]);
    }

    [Fact]
    public void Files_are_copied_in_and_out()
    {
        Launch("one", [], "sleep", "1000");

        Docker.Session.Shell("echo data >/tmp/in && docker cp /tmp/in one:/tmp/f && docker cp one:/tmp/f /tmp/out").Succeeded();

        Assert.Equal("data", Docker.Says("exec", "one", "cat", "/tmp/f"));
        Assert.Equal("data", Docker.Session.Shell("cat /tmp/out").Succeeded());
        Assert.Equal("C /tmp\nA /tmp/f", Docker.Says("diff", "one"));
    }

    [Fact]
    public void A_health_check_is_an_exec()
    {
        Launch("one", ["--health-cmd", "test -e /tmp/well", "--health-interval", "200ms", "--health-retries", "1"], "sleep", "1000");
        UntilIt("one", "{{.State.Health.Status}}", "unhealthy");

        Docker.Says("exec", "one", "touch", "/tmp/well");

        UntilIt("one", "{{.State.Health.Status}}", "healthy");
    }
}
