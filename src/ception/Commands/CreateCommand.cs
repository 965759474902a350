namespace Containerception.Cli;

/// <summary><c>ception create</c>.</summary>
internal static class CreateCommand
{
    public static Verb Verb { get; } = new("create", "create a container")
    {
        Description =
        [
            "Makes the container that config.json in the bundle describes. Its process waits, in its namespaces and limits, for start.",
        ],
        Examples = ["ception create --bundle mycontainer c1"],
        Flags =
        [
            BundleFlags.Bundle, BundleFlags.Config, BundleFlags.ConsoleSocket, BundleFlags.PidfdSocket, BundleFlags.PidFile, BundleFlags.NoPivot,
            BundleFlags.NoNewKeyring, BundleFlags.PreserveFds,
        ],
        FailurePrefix = "ception create failed: ",
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.OpenRuntime().Create(BundleFlags.ToRequest(call));
        return ExitCode.Fine;
    }
}
