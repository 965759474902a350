using System.Diagnostics;

namespace Containerception.Engine.Tests;

public sealed class CleanupTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void After_rm_nothing_is_left()
    {
        _cdock.Says("true", "--name", "short");
        _cdock.Run("host", "no-such-program");
        _cdock.Run("--memory", "1k", "host", "true");

        Assert.Empty(_cdock.Ids());
        Assert.Empty(Cdock.Cgroups());
    }

    [Fact]
    public void While_it_runs_the_host_sees_no_mount_of_it()
    {
        using Process process = _cdock.Start(["run", "--rm", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo ready; sleep 0.5"]);
        Assert.Equal("ready", process.StandardOutput.ReadLine());

        Assert.DoesNotContain(_cdock.Root, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
        Assert.Equal(0, Cdock.Finish(process).ExitCode);
    }

    [Fact]
    public void When_cdock_is_killed_the_container_goes_on_and_is_cleaned_up_after()
    {
        using Process process = _cdock.Start(["run", "--rm", "--name", "orphan", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo ready; sleep 1.5"]);
        Assert.Equal("ready", process.StandardOutput.ReadLine());

        process.Kill();
        process.WaitForExit();
        Assert.Contains("orphan", _cdock.Do("ps").Output, StringComparison.Ordinal);
        Cdock.Until(() => !_cdock.Do("ps").Output.Contains("orphan", StringComparison.Ordinal), "the orphan's end is seen");

        // Its supervisor removes it, since nobody else is left to.
        Cdock.Until(() => _cdock.Ids().Length == 0, "it is removed");
        Assert.Empty(Cdock.Cgroups());
    }

    [Fact]
    public void Killed_at_any_moment_nothing_is_stuck_after_the_next_command()
    {
        for (int delay = 0; delay < 12; delay++)
        {
            using Process process = _cdock.Start(["run", "--rm", "--name", "victim", "--runtime", Cdock.Runtime, "host", "true"]);
            Thread.Sleep(delay * 8);
            process.Kill();
            process.WaitForExit();
            Cdock.Until(() => _cdock.Do("ps", "-aq").Output.Length == 0, "all gone");
            Assert.Equal(0, _cdock.Run("--name", "victim", "host", "true").ExitCode);
        }

        Cdock.Until(() => { _cdock.Do("ps"); return _cdock.Ids().Length == 0; }, "no directory left");
        Cdock.Until(() => Cdock.Cgroups().Length == 0, "no cgroup left");
    }

    [Fact]
    public void Many_at_a_time_do_not_trip_over_each_other()
    {
        Process[] processes = [.. Enumerable.Range(0, 12).Select(i =>
            _cdock.Start(["run", "--rm", "--runtime", Cdock.Runtime, "host", "echo", $"number {i}"]))];

        string[] said = [.. processes.Select(process => Cdock.Finish(process)).Select(outcome => outcome.Output + outcome.Error)];

        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"number {i}\n"), said);
        Assert.Empty(_cdock.Ids());
        Array.ForEach(processes, process => process.Dispose());
    }

    [Fact]
    public void One_name_goes_to_one_container_however_many_ask_at_once()
    {
        Process[] processes = [.. Enumerable.Range(0, 6).Select(_ =>
            _cdock.Start(["run", "--rm", "--name", "wanted", "--runtime", Cdock.Runtime, "host", "sleep", "1"]))];

        Outcome[] outcomes = [.. processes.Select(process => Cdock.Finish(process))];

        Assert.Single(outcomes, outcome => outcome.ExitCode == 0);
        Assert.All(outcomes.Where(outcome => outcome.ExitCode != 0), outcome => Assert.Contains("the name \"wanted\" is taken", outcome.Error, StringComparison.Ordinal));
        Array.ForEach(processes, process => process.Dispose());
    }

    public void Dispose() => _cdock.Dispose();
}
