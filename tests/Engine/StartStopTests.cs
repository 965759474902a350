using System.Diagnostics;

namespace Containerception.Engine.Tests;

/// <summary>The life of a container that somebody starts and ends: create, start, stop, restart, kill, wait, pause, rename, update.</summary>
public sealed class StartStopTests : IDisposable
{
    private const string Patient = "trap 'exit 0' TERM; echo begun; while :; do sleep 0.05; done";

    private readonly Cdock _cdock = new();

    [Fact]
    public void Created_started_stopped_and_started_again()
    {
        string id = _cdock.Ok("create", "--name", "twice", "--runtime", Cdock.Runtime, "host", "sh", "-c", Patient);
        Assert.Equal("created", State("twice"));
        Assert.Equal("", _cdock.Ok("ps", "-q"));

        Assert.Equal("twice", _cdock.Ok("start", "twice"));
        Assert.Equal("running", State("twice"));
        Assert.Equal("twice", _cdock.Ok("start", "twice"));

        Assert.Equal("twice", _cdock.Ok("stop", "twice"));
        Assert.Equal("exited", State("twice"));
        Assert.Equal(0, _cdock.Status(id).GetProperty("exitCode").GetInt32());
        Assert.Equal("twice", _cdock.Ok("stop", "twice"));

        Assert.Equal("twice", _cdock.Ok("start", "twice"));
        Cdock.Until(() => _cdock.Ok("logs", "twice") == "begun\nbegun", "it begins again, and the log goes on");
        Assert.Equal("twice", _cdock.Ok("rm", "-f", "twice"));
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void Who_is_started_by_somebody_else_at_this_moment_is_not_removed_and_not_waited_for()
    {
        string id = _cdock.Ok("create", "--name", "one", "--runtime", Cdock.Runtime, "host", "true");
        using Process starter = _cdock.Start("flock", [Path.Join(_cdock.Root, "containers", id), "sh", "-c", "echo held; sleep 100"]);
        Assert.Equal("held", starter.StandardOutput.ReadLine());

        Outcome outcome = _cdock.Do("rm", "one");
        Assert.Equal((1, "cdock: the container one was started meanwhile, or ends at this moment"), (outcome.ExitCode, outcome.FirstError));
        starter.Kill(entireProcessTree: true);
        starter.WaitForExit();
        _cdock.Ok("rm", "one");
    }

    [Fact]
    public void Stop_waits_as_long_as_it_was_told_and_then_kills()
    {
        string id = _cdock.Detached("deaf", "trap '' TERM; while :; do sleep 0.05; done", "--stop-timeout", "1");
        Stopwatch watch = Stopwatch.StartNew();

        _cdock.Ok("stop", "deaf");

        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 8);
        Assert.Equal(137, _cdock.Status(id).GetProperty("exitCode").GetInt32());
        _cdock.Ok("start", "deaf");
        watch.Restart();
        _cdock.Ok("stop", "-t", "0", "deaf");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(8), $"{watch.Elapsed}");
    }

    [Fact]
    public void Stop_sends_the_containers_own_signal_or_the_one_that_is_asked_for()
    {
        string id = _cdock.Detached("picky", "trap 'exit 7' USR1; trap 'exit 8' USR2; while :; do sleep 0.05; done", "--stop-signal", "USR1");
        _cdock.Ok("stop", "picky");
        Assert.Equal(7, _cdock.Status(id).GetProperty("exitCode").GetInt32());

        _cdock.Ok("restart", "picky");
        _cdock.Ok("stop", "-s", "USR2", "picky");
        Assert.Equal(8, _cdock.Status(id).GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void Restart_makes_another_process()
    {
        string id = _cdock.Detached("again", Patient);
        int first = _cdock.Status(id).GetProperty("pid").GetInt32();

        Assert.Equal("again", _cdock.Ok("restart", "-t", "2", "again"));

        Assert.NotEqual(first, _cdock.Status(id).GetProperty("pid").GetInt32());
        Assert.Equal("running", State("again"));
    }

    [Fact]
    public void Wait_returns_with_the_exit_code_of_those_that_run_and_those_that_have_ended()
    {
        _cdock.Detached("later", "sleep 0.5; exit 9");
        Assert.Equal("9", _cdock.Ok("wait", "later"));
        Assert.Equal("9\n9", _cdock.Ok("wait", "later", "later"));
    }

    [Fact]
    public void A_killed_container_has_ended_when_kill_returns()
    {
        string id = _cdock.Detached("shot", "sleep 100");
        _cdock.Ok("kill", "shot");
        Assert.Equal("exited", State("shot"));
        Assert.Equal(9, _cdock.Status(id).GetProperty("signal").GetInt32());
        Assert.Contains("is not running", _cdock.Do("kill", "shot").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Paused_it_stands_still_until_it_is_unpaused()
    {
        Needs.Met(File.Exists("/sys/fs/cgroup/freezer/tasks") || File.Exists("/sys/fs/cgroup/cgroup.controllers"), "a freezer");
        _cdock.Detached("still", "while :; do echo x; sleep 0.02; done");

        Assert.Equal("still", _cdock.Ok("pause", "still"));
        Assert.Equal("paused", State("still"));
        string before = _cdock.Ok("logs", "still");
        Thread.Sleep(200);
        Assert.Equal(before, _cdock.Ok("logs", "still"));
        Assert.Equal(1, _cdock.Do("pause", "still").ExitCode);
        Assert.Contains("is paused", _cdock.Do("exec", "still", "true").Error, StringComparison.Ordinal);

        Assert.Equal("still", _cdock.Ok("unpause", "still"));
        Assert.Equal("running", State("still"));
        Cdock.Until(() => _cdock.Ok("logs", "still").Length > before.Length, "it goes on");
        Assert.Equal(1, _cdock.Do("unpause", "still").ExitCode);
    }

    [Fact]
    public void A_paused_container_can_be_removed_by_force()
    {
        _cdock.Detached("frozen", "sleep 100");
        _cdock.Ok("pause", "frozen");
        _cdock.Ok("rm", "-f", "frozen");
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void Renamed_it_is_found_by_its_new_name_and_its_old_one_is_free()
    {
        _cdock.Detached("old", "sleep 100");
        _cdock.Ok("rename", "old", "new");
        Assert.Equal("new", _cdock.Ok("stop", "-t", "0", "new"));
        Assert.Equal(1, _cdock.Do("stop", "old").ExitCode);
        _cdock.Ok("create", "--name", "old", "--runtime", Cdock.Runtime, "host", "true");
        Assert.Contains("the name \"old\" is taken", _cdock.Do("rename", "new", "old").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Update_changes_limits_now_and_for_later_starts()
    {
        Needs.CgroupV1("memory");
        string id = _cdock.Detached("fed", Patient, "--memory", "64m");
        string file = $"/sys/fs/cgroup/memory/cdock/{id}/memory.limit_in_bytes";
        Assert.Equal("67108864", File.ReadAllText(file).Trim());

        _cdock.Ok("update", "--memory", "128m", "--memory-swap", "-1", "fed");
        Assert.Equal("134217728", File.ReadAllText(file).Trim());
        _cdock.Ok("restart", "fed");
        Assert.Equal("134217728", File.ReadAllText(file).Trim());
        Assert.Contains("one or more flags", _cdock.Do("update", "fed").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_of_cidfile_gets_the_id_and_must_not_be_there()
    {
        string file = Path.Join(_cdock.Root, "cid");
        string id = _cdock.Detached("noted", "sleep 100", "--cidfile", file);
        Assert.Equal(id, File.ReadAllText(file));
        Assert.Contains("container ID file found", _cdock.Do("run", "--cidfile", file, "--runtime", Cdock.Runtime, "host", "true").Error, StringComparison.Ordinal);
        Assert.Single(_cdock.Ids());
    }

    [Fact]
    public void A_container_that_does_not_start_stays_as_it_was()
    {
        _cdock.Ok("create", "--name", "broken", "--runtime", Cdock.Runtime, "host", "no-such-program");
        Outcome outcome = _cdock.Do("start", "broken");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no-such-program", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("created", State("broken"));
        Assert.Equal("broken", _cdock.Ok("rm", "broken"));
    }

    [Fact]
    public void Two_that_start_one_container_start_it_once()
    {
        string id = _cdock.Ok("create", "--name", "once", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo begun; sleep 100");
        Process[] starters = [.. Enumerable.Range(0, 6).Select(_ => _cdock.Start(["start", "once"]))];
        Assert.All(starters.Select(process => Cdock.Finish(process)), outcome => Assert.Equal(0, outcome.ExitCode));
        Cdock.Until(() => _cdock.Ok("logs", "once").Length > 0, "it says something");
        Assert.Equal("begun", _cdock.Ok("logs", "once"));
        Assert.True(Cdock.SupervisorOf(id) > 0);
        Array.ForEach(starters, process => process.Dispose());
    }

    [Fact]
    public void The_processes_of_a_plain_user_are_kept_too()
    {
        Needs.Program("setpriv");
        Needs.PathTo("/usr/bin/busybox");
        string home = Directory.CreateDirectory("/tmp/cdock-plain-" + Guid.NewGuid().ToString("N")).FullName;
        foreach (string folder in new[] { "bin", "proc", "sys", "dev", "etc", "tmp" })
        {
            Directory.CreateDirectory(Path.Join(home, "bundle/rootfs", folder));
        }

        Directory.CreateDirectory(Path.Join(home, "run"));

        File.Copy("/usr/bin/busybox", Path.Join(home, "bundle/rootfs/bin/sh"));
        File.Copy(Cdock.Program, Path.Join(home, "cdock"));
        File.Copy(Path.Join(Cdock.Out, "ception"), Path.Join(home, "ception"));
        using Process owner = Process.Start("chown", ["-R", "65534:65534", home]);
        owner.WaitForExit();
        Outcome Nobody(params string[] words)
        {
            using Process process = _cdock.Start(
                "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "env", $"CDOCK_ROOT={home}/root", $"HOME={home}", $"XDG_RUNTIME_DIR={home}/run", .. words]);
            return Cdock.Finish(process);
        }

        try
        {
            Assert.Equal(0, Nobody($"{home}/ception", "spec", "--rootless", "--bundle", $"{home}/bundle").ExitCode);
            Outcome started = Nobody($"{home}/cdock", "run", "-d", "--name", "plain", "--bundle", $"{home}/bundle", "sh", "-c", "echo kept; exit 3");
            Assert.True(started.ExitCode == 0, started.Error);
            Assert.Equal("3\n", Nobody($"{home}/cdock", "wait", "plain").Output);
            Assert.Equal("kept\n", Nobody($"{home}/cdock", "logs", "plain").Output);
        }
        finally
        {
            PlainUser.EndKeeper(Path.Join(home, "run/cdock/keeper"));
            Directory.Delete(home, recursive: true);
        }
    }

    public void Dispose() => _cdock.Dispose();

    private string State(string name) => _cdock.Ok("ps", "-a", "--filter", $"name=^{name}$", "--format", "{{.State}}");
}
