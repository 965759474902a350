using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class LifeTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Detached_it_runs_on_is_listed_reached_into_and_ended()
    {
        Outcome started = _cdock.Do("run", "-d", "--name", "worker", "--runtime", Cdock.Runtime, "-e", "A=1", "host", "sh", "-c", "echo logged; exec sleep 100");
        Assert.True(started.ExitCode == 0, started.Error);
        string id = started.Output.Trim();
        Assert.Matches("^[0-9a-f]{64}$", id);

        string[] lines = _cdock.Do("ps").Output.Split('\n');
        Assert.Matches("^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$", lines[0]);
        Assert.Matches($"^{id[..12]} +host +\"sh -c echo logged; …\" +.* ago +Up .*second.* +worker$", lines[1]);

        Assert.Equal("1 2 /usr\n", _cdock.Do("exec", "-e", "B=2", "-w", "/usr", "worker", "sh", "-c", "echo $A $B $(pwd)").Output);
        string file = Path.Join(_cdock.Root, "variables");
        File.WriteAllText(file, "B=3\nC=4\n");
        Assert.Equal("1 2 4\n", _cdock.Do("exec", "--env-file", file, "-e", "B=2", "worker", "sh", "-c", "echo $A $B $C").Output);
        Assert.Equal("1\n", _cdock.Do("exec", "-u", "daemon", id[..12], "id", "-u").Output);
        Assert.Equal("in\n", _cdock.Do(["exec", "-i", "worker", "cat"], "in\n").Output);
        Assert.Equal(4, _cdock.Do("exec", "worker", "sh", "-c", "exit 4").ExitCode);
        Assert.Equal(127, _cdock.Do("exec", "worker", "no-such-program").ExitCode);
        Assert.Equal(0, _cdock.Do("exec", "-d", "worker", "touch", "/tmp/was-here").ExitCode);
        Cdock.Until(() => _cdock.Do("exec", "worker", "test", "-e", "/tmp/was-here").ExitCode == 0, "the detached program's work is seen");

        // More than a terminal holds: somebody reads it.
        _cdock.Ok("exec", "-d", "-t", "worker", "sh", "-c", "test -t 0 && test -t 1 && i=0 && while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done && touch /tmp/with-terminal; sleep 1000");
        Cdock.Until(() => _cdock.Do("exec", "worker", "test", "-e", "/tmp/with-terminal").ExitCode == 0, "the program with a terminal has written all");
        Assert.Equal(127, _cdock.Do("exec", "-d", "-t", "worker", "no-such-program").ExitCode);

        Assert.Equal(1, _cdock.Do("rm", "worker").ExitCode);
        Assert.Equal("worker\n", _cdock.Do("kill", "-s", "KILL", "worker").Output);
        Cdock.Until(() => _cdock.Do("ps", "-a").Output.Contains("Exited (137)", StringComparison.Ordinal), "it has ended");
        Assert.Equal("logged\n", _cdock.Do("logs", "worker").Output);
        Assert.Equal("worker\n", _cdock.Do("rm", "worker").Output);
        Assert.Equal("", _cdock.Do("ps", "-aq").Output);
    }

    [Fact]
    public void A_supervisor_that_waits_keeps_little_of_its_program_in_memory()
    {
        string id = _cdock.Ok("run", "-d", "--name", "quiet", "--runtime", Cdock.Runtime, "host", "sleep", "1000").Trim();
        int supervisor = Cdock.SupervisorOf(id);

        Cdock.Until(() => Kibibytes(supervisor, "Rss:") < new FileInfo(Path.Join(Cdock.Out, "ception")).Length / 1024 * 4 / 5, "most of what started it is forgotten");
        Assert.Equal("still", _cdock.Ok("exec", "quiet", "echo", "still"));
        Assert.Equal("quiet", _cdock.Ok("stop", "-t", "0", "quiet"));
        Assert.Contains("Exited (137)", _cdock.Ok("ps", "-a"), StringComparison.Ordinal);
    }

    [Fact]
    public void Detached_and_not_started_it_says_why()
    {
        Outcome outcome = _cdock.Do("run", "-d", "--runtime", Cdock.Runtime, "host", "no-such-program");

        Assert.Equal(127, outcome.ExitCode);
        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void The_stop_signal_is_noted_for_who_stops_the_container()
    {
        Assert.Equal(0, _cdock.Do("run", "--name", "noted", "--stop-signal", "USR1", "--runtime", Cdock.Runtime, "host", "true").ExitCode);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Join(_cdock.Root, "containers", _cdock.Ids()[0], "config.json")));
        Assert.Equal("SIGUSR1", config.RootElement.GetProperty("annotations").GetProperty("org.opencontainers.image.stopSignal").GetString());
        Assert.Equal(0, _cdock.Do("rm", "noted").ExitCode);
    }

    [Fact]
    public void An_ended_container_is_kept_until_it_is_removed()
    {
        Assert.Equal(3, _cdock.Do("run", "--name", "done", "--label", "a=b", "--runtime", Cdock.Runtime, "host", "sh", "-c", "exit 3").ExitCode);

        Assert.DoesNotContain("done", _cdock.Do("ps").Output, StringComparison.Ordinal);
        using JsonDocument line = JsonDocument.Parse(_cdock.Do("ps", "-a", "--format", "json").Output);
        Assert.Equal("exited", line.RootElement.GetProperty("State").GetString());
        Assert.Equal("done", line.RootElement.GetProperty("Names").GetString());
        Assert.Equal("a=b", line.RootElement.GetProperty("Labels").GetString());
        Assert.StartsWith("Exited (3) ", line.RootElement.GetProperty("Status").GetString(), StringComparison.Ordinal);
        Assert.Equal(125, _cdock.Do("run", "--name", "done", "--runtime", Cdock.Runtime, "host", "true").ExitCode);
        Assert.Equal(1, _cdock.Do("kill", "done").ExitCode);
        Assert.Equal(1, _cdock.Do("exec", "done", "true").ExitCode);
        Assert.Equal(0, _cdock.Do("rm", "done").ExitCode);
    }

    [Fact]
    public void Rm_with_force_ends_a_running_container_and_its_cdock()
    {
        using Process process = _cdock.Start(["run", "--name", "long", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo ready; exec sleep 100"]);
        Assert.Equal("ready", process.StandardOutput.ReadLine());

        Assert.Equal("long\n", _cdock.Do("rm", "-f", "long").Output);

        Assert.Equal(137, Cdock.Finish(process).ExitCode);
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void Names_are_made_up_and_differ()
    {
        _cdock.Do("run", "--runtime", Cdock.Runtime, "host", "true");
        _cdock.Do("run", "--runtime", Cdock.Runtime, "host", "true");

        string[] names = [.. _cdock.Do("ps", "-a", "--format", "json").Output.TrimEnd().Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Names").GetString()!)];
        Assert.Equal(2, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[a-z]+_[a-z]+$", name));
    }

    public void Dispose() => _cdock.Dispose();

    private static long Kibibytes(int pid, string name)
        => long.Parse(
            File.ReadLines($"/proc/{pid}/smaps_rollup").Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
}
