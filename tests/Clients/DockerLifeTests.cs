using System.Globalization;

namespace Containerception.Clients.Tests;

/// <summary>docker start, stop, kill, pause, restart, wait, logs: from the first to the last of a container.</summary>
public sealed class DockerLifeTests(Docker docker) : DockerTest(docker)
{
    private const string Patient = "trap 'exit 4' TERM; trap 'echo heard' HUP; while :; do sleep 0.05; done";

    [Fact]
    public void Created_then_started_then_forgotten()
    {
        Docker.Says("create", "--name", "one", "--network", "none", Docker.Image, "echo", "started");

        Assert.Equal("started", Docker.Says("start", "--attach", "one"));
        Assert.Equal("started", Docker.Says("start", "--attach", "one"));
        Docker.Says("rm", "one");
    }

    [Fact]
    public void Its_output_is_in_the_log()
    {
        Launch("one", [], "sh", "-c", "echo out; echo wrong >&2");
        UntilIt("one", "{{.State.Status}} {{.State.ExitCode}}", "exited 0");

        Outcome log = Docker.Do("logs", "one");

        Assert.Equal("out\n", log.Output);
        Assert.Equal("wrong\n", log.Errors);
    }

    [Fact]
    public void Stop_asks_and_then_insists()
    {
        Launch("one", [], "sh", "-c", Patient);
        Launch("deaf", [], "sleep", "1000");

        Docker.Says("stop", "one");
        Docker.Says("stop", "--timeout", "1", "deaf");

        Assert.Equal("exited 4", Inspect("one", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal("exited 137", Inspect("deaf", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public void The_signal_that_stops_it_may_be_another()
    {
        Launch("one", ["--stop-signal", "USR1"], "sh", "-c", "trap 'exit 3' USR1; while :; do sleep 0.05; done");

        Docker.Says("stop", "one");

        Assert.Equal("3", Inspect("one", "{{.State.ExitCode}}"));
    }

    [Fact]
    public void A_signal_is_delivered()
    {
        Launch("one", [], "sh", "-c", Patient);

        Docker.Says("kill", "--signal", "HUP", "one");

        Session.Until(() => Docker.Says("logs", "one") == "heard", "it heard the signal");
        Docker.Says("kill", "one");
        Assert.Equal("137", Docker.Says("wait", "one"));
        Assert.Equal(1, Docker.Do("kill", "one").Status);
    }

    [Fact]
    public void Restart_is_a_new_process_in_the_same_files()
    {
        Launch("one", [], "sh", "-c", "echo x >>/tmp/starts; exec sleep 1000");
        string first = Inspect("one", "{{.State.Pid}}");

        Docker.Says("restart", "--timeout", "0", "one");

        Assert.NotEqual(first, Inspect("one", "{{.State.Pid}}"));
        Session.Until(() => Docker.Do("exec", "one", "cat", "/tmp/starts").Output == "x\nx\n", "it started twice");
    }

    [Fact]
    public void Paused_it_neither_runs_nor_takes_an_exec_and_can_be_killed()
    {
        Launch("one", [], "sleep", "1000");

        Docker.Says("pause", "one");
        Assert.Equal("paused", Inspect("one", "{{.State.Status}}"));
        Assert.Equal(1, Docker.Do("exec", "one", "true").Status);
        Docker.Says("unpause", "one");
        Docker.Says("exec", "one", "true");
        Docker.Says("pause", "one");
        Docker.Says("kill", "one");

        UntilIt("one", "{{.State.Status}} {{.State.ExitCode}}", "exited 137");
    }

    [Fact]
    public void On_failure_it_is_restarted_as_often_as_was_said()
    {
        Launch("one", ["--restart", "on-failure:2"], "sh", "-c", "exit 3");

        UntilIt("one", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}", "2 exited 3");
    }

    [Fact]
    public void Always_is_always()
    {
        Launch("one", ["--restart", "always"], "true");

        Session.Until(() => int.Parse(Inspect("one", "{{.RestartCount}}"), CultureInfo.InvariantCulture) > 1, "it restarted twice");
    }

    [Fact]
    public void Every_process_goes_with_the_first()
    {
        Launch("one", [], "sh", "-c", "trap '' TERM; sleep 1000 & sleep 1001 & wait");
        Session.Until(() => Docker.Says("top", "one").Split('\n').Length == 4, "three processes");

        Docker.Says("rm", "--force", "one");

        Assert.Equal(1, Docker.Session.Run("pgrep", "-x", "sleep").Status);
    }

    [Fact]
    public void A_killed_shim_leaves_nothing()
    {
        Launch("one", [], "sleep", "1000");
        string id = Inspect("one", "{{.Id}}");

        Docker.Session.Shell($"kill -KILL $(pgrep -f '[c]ontainerd-shim-runc-v2.*{id}')").Succeeded();

        UntilIt("one", "{{.State.Status}}", "exited");
        Session.Until(() => Docker.Session.Run("pgrep", "-x", "sleep").Status == 1, "the process is gone");
    }
}
