namespace Containerception.Clients.Tests;

/// <summary>ctr tasks: what can be done with a container that runs.</summary>
public sealed class ContainerdTaskTests(Containerd containerd) : ContainerdTest(containerd)
{
    [Fact]
    public void Created_then_started()
    {
        Containerd.Says("containers", "create", "--runc-binary", Containerd.Binary, Containerd.Image, "one", "echo", "started");

        Assert.Equal("started", Containerd.Says("tasks", "start", "one"));
    }

    [Fact]
    public void Exec_runs_one_more_program_and_brings_its_exit_status()
    {
        Launch("one", [], "sleep", "1000");

        Assert.Equal("1234 /tmp", Containerd.Says("tasks", "exec", "--exec-id", "e1", "--user", "ann", "--cwd", "/tmp", "one", "sh", "-c", "echo $(id -u) $(pwd)"));
        Assert.Equal(4, Containerd.Do("tasks", "exec", "--exec-id", "e2", "one", "sh", "-c", "exit 4").Status);
        Assert.Contains("executable file not found", Containerd.Do("tasks", "exec", "--exec-id", "e3", "one", "nothing").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exec_may_be_killed_alone()
    {
        Launch("one", [], "sleep", "1000");
        using Command exec = Containerd.Session.Start("ctr", "tasks", "exec", "--exec-id", "e1", "one", "sleep", "1001");
        Session.Until(() => Containerd.Session.Run("pgrep", "-f", "^sleep 1001").Status == 0, "it runs");

        Containerd.Says("tasks", "kill", "--exec-id", "e1", "--signal", "KILL", "one");

        Assert.Equal(137, exec.Wait().Status);
        Assert.Equal("RUNNING", StatusOf("one"));
    }

    [Fact]
    public void Paused_and_resumed()
    {
        Launch("one", [], "sleep", "1000");

        Containerd.Says("tasks", "pause", "one");
        Assert.Equal("PAUSED", StatusOf("one"));
        Containerd.Says("tasks", "resume", "one");
        Assert.Equal("RUNNING", StatusOf("one"));
    }

    [Fact]
    public void Its_processes_and_numbers_are_told()
    {
        Launch("one", ["--memory-limit", "33554432"], "sh", "-c", "sleep 1000 & wait");

        Session.Until(() => Containerd.Says("tasks", "ps", "one").Split('\n').Length == 3, "two processes");
        string metrics = Containerd.Says("tasks", "metrics", "one");
        Assert.Contains("pids.current", metrics, StringComparison.Ordinal);
        Assert.Contains("33554432", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_process_is_killed_when_all_are_meant()
    {
        Launch("one", [], "sh", "-c", "sleep 1000 & sleep 1001 & wait");

        Containerd.Says("tasks", "kill", "--all", "--signal", "KILL", "one");

        Session.Until(() => StatusOf("one") == "STOPPED", "it is stopped");
        Assert.Contains("exit code 137", Containerd.Do("tasks", "delete", "one").Errors, StringComparison.Ordinal);
        Assert.Equal(1, Containerd.Session.Run("pgrep", "-x", "sleep").Status);
    }

    [Fact]
    public void One_that_died_of_itself_is_stopped_and_deleted()
    {
        Launch("one", [], "sh", "-c", "exit 3");
        Session.Until(() => StatusOf("one") == "STOPPED", "it is stopped");

        Assert.Contains("exit code 3", Containerd.Do("tasks", "delete", "one").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_killed_shim_leaves_nothing()
    {
        Launch("one", [], "sleep", "1000");

        Containerd.Session.Shell("kill -KILL $(pgrep -f '[c]ontainerd-shim-runc-v2.*-id one')").Succeeded();

        Session.Until(() => StatusOf("one").Length == 0, "there is no task");
        Session.Until(() => Containerd.Session.Run("pgrep", "-x", "sleep").Status == 1, "the process is gone");
    }

    [Fact]
    public void A_restarted_daemon_finds_it()
    {
        Launch("one", [], "sleep", "1000");

        Containerd.Session.Shell("kill $(pidof containerd); while pidof containerd; do sleep 0.05; done; setsid containerd </dev/null >/dev/null 2>&1 &").Succeeded();

        Session.Until(() => Containerd.Do("version").Status == 0, "containerd answers");
        Assert.Equal("RUNNING", StatusOf("one"));
        Assert.Equal("here", Containerd.Says("tasks", "exec", "--exec-id", "e1", "one", "echo", "here"));
    }

    [Fact]
    public void The_namespaces_of_another_are_joined()
    {
        Launch("two", [], "sleep", "1000");
        string pid = Containerd.Says("tasks", "ls").Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];

        string[] flags = [.. new[] { "pid", "network:net", "ipc", "uts" }.SelectMany(name => new[] { "--with-ns", $"{name.Split(':')[0]}:/proc/{pid}/ns/{name.Split(':')[^1]}" })];

        Assert.Equal("sleep", Shell("cat /proc/1/comm", flags));
    }
}
