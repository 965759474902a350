using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>Verbs of runc that this version refuses. Their help exists: callers look at its exit code to learn what they may use.</summary>
internal static class UnsupportedCommand
{
    // Whatever flags they are given with, the answer is the same: so none is looked at but --help.
    public static Verb Of(string name) => new(name, "not supported by this version")
    {
        Arguments = "[anything]",
        ArgumentsMin = 0,
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.None,
        Hidden = true,
        Run = _ => throw new ContainerException(FailureKind.Unsupported, $"{name} is not supported by this version of {Program.Name}"),
    };
}
