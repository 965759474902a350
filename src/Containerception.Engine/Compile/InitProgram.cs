using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The small init of <c>--init</c>: ception itself, mounted read-only. It starts the program, reaps zombies and forwards signals.</summary>
internal static class InitProgram
{
    public const string PathInContainer = "/sbin/cdock-init";

    public static ImmutableArray<string> Arguments { get; } = ["init-process", "--"];

    /// <summary>The program that was asked for: who lists containers did not ask for this one.</summary>
    public static ImmutableArray<string> Without(ImmutableArray<string> arguments, bool isUsed) => isUsed ? arguments[(1 + Arguments.Length)..] : arguments;

    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>: there is no ception here.</exception>
    public static MountConfig Mount() => new()
    {
        Destination = PathInContainer,
        Type = "bind",
        Source = Programs.Find("ception") ?? throw new EngineException(
            FailureKind.NotFound, "--init needs ception, and it is neither beside cdock nor in PATH"),
        Options = ["bind", "ro", "nosuid", "nodev"],
    };
}
