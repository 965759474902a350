namespace Containerception.Clients.Tests.Podmans;

/// <summary>The life of a container, from podman create to podman rm.</summary>
public sealed class LifeTests(Podman podman) : PodmanTest(podman)
{
    private const string State = "{{.State.Status}} {{.State.ExitCode}}";
    private const string Patient = "trap 'echo term; exit 3' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done";

    [Fact]
    public void A_container_runs_says_something_and_is_stopped()
    {
        StartPatient();
        Assert.Equal($"{Session.Runtime} running 0", Inspect("{{.OCIRuntime}} " + State));
        Podman.Says("stop", "--time", "20", "c");
        Assert.Equal(("exited 3", "ready\nterm"), (Inspect(State), Podman.Says("logs", "c")));
        Podman.Says("rm", "c");
    }

    [Fact]
    public void Who_does_not_stop_is_killed()
    {
        Start("trap '' TERM; while :; do sleep 0.1; done");
        Podman.Says("stop", "--time", "1", "c");
        Assert.Equal("exited 137", Inspect(State));
    }

    [Fact]
    public void The_signal_to_stop_with_can_be_another()
    {
        Start("trap 'exit 8' INT; echo ready; while :; do sleep 0.05; done", "--stop-signal", "INT");
        Session.Until(() => Podman.Says("logs", "c") == "ready", "the trap");
        Podman.Says("stop", "--time", "20", "c");
        Assert.Equal("exited 8", Inspect(State));
    }

    [Fact]
    public void Signals_arrive_by_name_and_by_number()
    {
        StartPatient();
        Podman.Says("kill", "--signal", "USR1", "c");
        Session.Until(() => Podman.Says("logs", "c").Contains("usr1", StringComparison.Ordinal), "the first signal");
        Podman.Says("kill", "--signal", "15", "c");
        Assert.Equal("3", Podman.Says("wait", "c"));
        Assert.NotEqual(0, Podman.Do("kill", "c").Status);
    }

    [Fact]
    public void A_signal_to_podman_run_is_passed_on()
    {
        using Command run = Podman.Start("run", "--name", "c", "--network", "none", Podman.Image, "sh", "-c", Patient);
        Session.Until(() => Podman.Do("logs", "c").Output == "ready\n", "the trap");
        Podman.Session.Shell("pkill -TERM -f '[p]odman.* run --name c'").Succeeded();
        Assert.Equal(3, run.Wait().Status);
    }

    [Fact]
    public void A_container_can_be_started_again_and_restarted()
    {
        StartPatient();
        string first = Inspect("{{.State.Pid}}");
        Podman.Says("restart", "--time", "20", "c");
        Assert.Equal("running 0", Inspect(State));
        Assert.NotEqual(first, Inspect("{{.State.Pid}}"));
        Podman.Says("stop", "--time", "20", "c");
        Podman.Says("start", "c");
        Assert.Equal("running 0", Inspect(State));
    }

    [Fact]
    public void What_is_started_attached_says_its_words_and_its_status()
    {
        Podman.Says("create", "--name", "c", "--network", "none", Podman.Image, "sh", "-c", "echo words; exit 2");
        for (int i = 0; i < 2; i++)
        {
            Outcome outcome = Podman.Do("start", "--attach", "c");
            Assert.Equal((2, "words\n"), (outcome.Status, outcome.Output));
        }
    }

    [Fact]
    public void A_container_can_be_made_without_being_started()
    {
        Podman.Says("create", "--name", "c", "--network", "none", Podman.Image, "sh", "-c", "exit 4");
        Podman.Says("init", "c");
        Assert.Equal("initialized 0", Inspect(State));
        Podman.Says("start", "c");
        Assert.Equal("4", Podman.Says("wait", "c"));
    }

    [Fact]
    public void A_container_that_was_made_and_never_started_can_be_removed()
    {
        Podman.Says("create", "--name", "c", "--network", "none", Podman.Image, "true");
        Podman.Says("init", "c");
        Podman.Says("rm", "--force", "c");
        Assert.Equal("", Podman.Says("ps", "--all", "--quiet"));
    }

    [Fact]
    public void Who_attaches_hears_the_rest()
    {
        StartPatient();
        using Command attach = Podman.Start("attach", "--no-stdin", "c");
        Session.Until(() => Podman.Session.Shell("pgrep -f '[p]odman.* attach'").Status == 0, "somebody attached");
        Thread.Sleep(500);
        Podman.Says("kill", "--signal", "TERM", "c");
        Assert.StartsWith("term\n", attach.Wait().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_detached_terminal_has_its_words_in_the_log()
    {
        Start("tty; sleep 1000", "--tty");
        Session.Until(() => Podman.Says("logs", "c").Contains("/dev/pts/0", StringComparison.Ordinal), "the name of the terminal");
    }

    [Fact]
    public void A_restart_policy_is_followed()
    {
        Start("echo try; exit 1", "--restart", "on-failure:2");
        Session.Until(() => Inspect("{{.RestartCount}} " + State) == "2 exited 1", "two restarts");
        Assert.Equal(["try", "try", "try"], Lines(Podman.Says("logs", "c")));
    }

    [Fact]
    public void Health_is_looked_after()
    {
        Start("sleep 1000", "--health-cmd", "test -e /tmp/well", "--health-interval", "disable", "--health-retries", "1");
        Assert.Equal(1, Podman.Do("healthcheck", "run", "c").Status);
        Assert.Equal("unhealthy", Inspect("{{.State.Health.Status}}"));
        Exec("touch", "/tmp/well");
        Podman.Says("healthcheck", "run", "c");
        Assert.Equal("healthy", Inspect("{{.State.Health.Status}}"));
    }

    [Fact]
    public void Processes_are_listed()
    {
        Start("sleep 1000");
        Assert.Equal(["PID COMMAND USER", "1 sleep root"], Lines(Podman.Says("top", "c", "pid,comm,user")));

        // With options it runs ps in the container, or where that fails on the host, with the pids that the runtime told.
        Assert.Contains("sleep 1000", Podman.Says("top", "c", "-o", "pid,args"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_go_in_and_out()
    {
        Start("sleep 1000");
        Podman.Session.Shell("echo inward >/tmp/inward").Succeeded();
        Podman.Says("cp", "/tmp/inward", "c:/tmp/");
        Assert.Equal("inward", Exec("cat", "/tmp/inward"));
        Podman.Says("cp", "c:/etc/passwd", "/tmp/outward");
        Assert.Equal(Exec("cat", "/etc/passwd"), Podman.Session.Shell("cat /tmp/outward").Succeeded());
    }

    [Fact]
    public void What_changed_is_known_and_can_become_an_image()
    {
        Start("sleep 1000");
        Exec("sh", "-c", "echo x >/etc/added; rm /etc/group");
        Assert.Superset(new HashSet<string>(["A /etc/added", "D /etc/group"]), new HashSet<string>(Lines(Podman.Says("diff", "c"))));
        Podman.Says("commit", "--quiet", "c", "changed");
        Assert.Equal("x", Podman.Says("run", "--rm", "--network", "none", "changed", "cat", "/etc/added"));
        Podman.Says("rmi", "changed");
    }

    [Fact]
    public void A_container_can_be_renamed()
    {
        Start("sleep 1000");
        Podman.Says("rename", "c", "d");
        Assert.Equal("d", Podman.Says("exec", "d", "echo", "d"));
    }

    [Fact]
    public void Many_containers_come_and_go_at_once()
    {
        string all = string.Concat(Enumerable.Repeat($"podman --runtime {Session.Runtime} run --rm --network none {Podman.Image} true & ", 6));
        Assert.Equal("", Podman.Session.Shell($"{all} wait").Succeeded());
        Assert.Equal("", Podman.Says("ps", "--all", "--quiet"));
    }

    [Fact]
    public void A_session_of_a_container_that_died_behind_podmans_back_is_cleaned_up()
    {
        Start("sleep 1000");
        Podman.Session.Shell($"kill -KILL {Inspect("{{.State.Pid}}")}").Succeeded();
        Assert.Equal("137", Podman.Says("wait", "c"));
        Podman.Says("rm", "c");
    }

    /// <summary>podman asks before it offers to checkpoint.</summary>
    [Fact]
    public void The_question_whether_it_can_checkpoint_is_answered() => Assert.Equal(0, Podman.Session.Run(Session.Runtime, "checkpoint", "--help").Status);

    private void StartPatient()
    {
        Start(Patient);
        Session.Until(() => Podman.Says("logs", "c") == "ready", "the traps");
    }
}
