using System.Globalization;
using Containerception.Linux;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception kill</c>.</summary>
internal static class KillCommand
{
    private const int SignalMax = 64;

    private static readonly Flag All = Flag.Switch("all", "a", "send the signal to every process of the container") with { Hidden = true };

    public static Verb Verb { get; } = new("kill", "send a signal to a container's first process")
    {
        Arguments = "<container-id> [signal]",
        ArgumentsMax = 2,
        FlagPlace = FlagPlace.First,
        Description = ["The signal is a name, with or without SIG, or a number; SIGTERM when none is given."],
        Examples = ["ception kill c1 KILL", "ception kill --regex '^web-' HUP"],
        Flags = [All, ManyContainers.Regex],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        string signal = call.Flags.Arguments is [_, string given] ? given : nameof(Signal.SIGTERM);
        int number = Parse(signal);
        return ManyContainers.Each(call, (runtime, id) => runtime.Kill(id, number, call.Flags.Is(All)));
    }

    /// <summary><c>9</c>, <c>KILL</c>, <c>sigkill</c>.</summary>
    internal static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= SignalMax)
        {
            return number;
        }

        string name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name : "SIG" + name;
        // Enum.TryParse would add up a list.
        return !name.Contains(',', StringComparison.Ordinal) && Enum.TryParse(name, out Signal signal)
            ? (int)signal
            : throw new ContainerException(FailureKind.Invalid, $"unknown signal \"{text}\"");
    }
}
