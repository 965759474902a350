using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception events</c>.</summary>
internal static class EventsCommand
{
    private static readonly Flag Interval = Flag.Text("interval", "time between two statistics: 500ms, 5s, 1m30s") with { Default = "5s" };

    private static readonly Flag Stats = Flag.Switch("stats", "print the statistics once");

    public static Verb Verb { get; } = new("events", "tell what a container uses, and when its memory has run out")
    {
        Description =
        [
            "Prints a line of JSON for the container's statistics every so often, and one whenever its memory has run out, until the container ends.",
        ],
        Examples = ["ception events --stats c1", "ception events --interval 1s c1"],
        Flags = [Interval, Stats],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        string text = call.Flags.Text(Interval)!;
        if (!GoDuration.TryParse(text, out TimeSpan interval))
        {
            throw new UsageException($"invalid value \"{text}\" for flag -interval: parse error");
        }

        if (interval <= TimeSpan.Zero)
        {
            throw new ContainerException(FailureKind.Invalid, "duration interval must be greater than 0");
        }

        if (call.Flags.Is(Stats))
        {
            call.Output.Write(EventJson.Stats(call.Id, call.OpenRuntime().Stats(call.Id)));
            return ExitCode.Fine;
        }

        call.OpenRuntime().Watch(
            call.Id,
            interval,
            stats => call.Output.Write(EventJson.Stats(call.Id, stats)),
            () => call.Output.Write(EventJson.Oom(call.Id)));
        return ExitCode.Fine;
    }
}
