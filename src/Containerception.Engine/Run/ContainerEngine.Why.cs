using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private const int LastLines = 10;

    /// <summary>Why a container ended, in lines for a reader: what is known, and nothing that is not.</summary>
    public IReadOnlyList<string> Why(string container)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        ContainerInfo info = Info(definition, new NetworkView(NetworkStore));
        List<string> lines = [$"{info.Name} ({info.Id[..12]}), {info.Image}: {string.Join(' ', info.Command)}", Ending(info)];
        if (info.Reason is string reason)
        {
            lines.Add($"Reason: {reason}.");
        }

        if (info.Finished is not null || info.OomKills > 0)
        {
            lines.AddRange(Memory(info));
        }

        lines.AddRange(Meaning(info));
        if (info.RestartCount > 0 || info.Restart.Kind != RestartKind.No)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"Restart policy: {info.Restart}; it was started again {info.RestartCount} times."));
        }

        if (info.Health is { } health)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"Health: {health.Status}, {health.FailingStreak} failures in a row.{LastCheck(health)}"));
        }

        lines.AddRange(LastWords(definition, info));
        return lines;
    }

    private static string Ending(ContainerInfo info) => info.State switch
    {
        ContainerState.Created => "It was never started.",
        ContainerState.Running => $"It runs, since {Moment(info.Started)}, as process {info.Pid}.",
        ContainerState.Paused => $"It is paused; it runs since {Moment(info.Started)}, as process {info.Pid}.",
        _ when info.Signal != 0 => $"It was killed by {Signals.Name((Signal)info.Signal)} at {Moment(info.Finished)}, after {Length(info)}: exit code {info.ExitCode}.",
        _ => $"It ended by itself at {Moment(info.Finished)}, after {Length(info)}: exit code {info.ExitCode}.",
    };

    private static IEnumerable<string> Memory(ContainerInfo info)
    {
        MemoryLimits? memory = RuntimeConfig.Read(Path.Join(info.Directory, "config.json")).Linux?.Resources?.Memory;
        string limit = memory?.Limit is > 0 and long bytes ? string.Create(CultureInfo.InvariantCulture, $"limit {bytes} bytes") : "no limit of its own";
        yield return info.OomKills > 0
            ? string.Create(CultureInfo.InvariantCulture, $"Memory: the kernel killed {info.OomKills} of its processes for lack of memory, as its cgroup counted ({limit}).")
            : $"Memory: its cgroup counted no kill for lack of memory ({limit}).";
    }

    private static IEnumerable<string> Meaning(ContainerInfo info)
    {
        if ((Signal)info.Signal == Signal.SIGSYS)
        {
            yield return "SIGSYS: a seccomp filter killed it for a system call that it does not allow."
                + (info.Reason is null ? " Which one, only the kernel's audit log says: ausearch -m SECCOMP, or dmesg | grep type=1326." : "");
        }
        else if (info is { ExitCode: 127, Signal: 0 })
        {
            yield return "127 is what shells say when a program is not found.";
        }
        else if (info is { ExitCode: 126, Signal: 0 })
        {
            yield return "126 is what shells say when a program cannot be executed.";
        }
        else if (info is { Signal: 0, ExitCode: > 128 and <= 128 + Signals.RealTimeMax })
        {
            yield return $"{info.ExitCode} is what shells say of a program that {Signals.Name((Signal)(info.ExitCode.Value - 128))} killed.";
        }
    }

    private static IEnumerable<string> LastWords(ContainerDefinition definition, ContainerInfo info)
    {
        if (definition.LogDriver != "json-file")
        {
            yield break;
        }

        List<LogLine> last = [.. new LogFiles(info.Directory).Read(new LogsRequest { Tail = LastLines })];
        if (last.Count > 0)
        {
            yield return "Its last words:";
        }

        foreach (LogLine line in last)
        {
            yield return "  " + line.Text.TrimEnd('\n');
        }
    }

    private static string LastCheck(HealthReport health)
        => health.Log is [.., { } last] ? string.Create(CultureInfo.InvariantCulture, $" The last check ended with {last.ExitCode}: {last.Output.Trim()}") : "";

    private static string Moment(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) ?? "an unknown time";

    private static string Length(ContainerInfo info)
        => info is { Started: { } started, Finished: { } finished } ? string.Create(CultureInfo.InvariantCulture, $"{(finished - started).TotalSeconds:0.0} s") : "an unknown time";
}
