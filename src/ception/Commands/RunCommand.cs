namespace Containerception.Cli;

/// <summary><c>ception run</c>.</summary>
internal static class RunCommand
{
    private static readonly Flag Detach = Flag.Switch("detach", "d", "return once the process runs");

    private static readonly Flag Keep = Flag.Switch("keep", "do not delete the container when it has exited");

    private static readonly Flag NoSubreaper = Flag.Switch("no-subreaper", "do not become the parent of the container's orphans");

    public static Verb Verb { get; } = new("run", "create and run a container")
    {
        Description =
        [
            "Makes the container that config.json in the bundle describes, runs its process and deletes it afterwards. Exits as the "
            + "process does, with 128 + the signal's number if a signal killed it, and with 1 if there was nothing to run.",
        ],
        Examples = ["ception run --bundle mycontainer c1", "ception --log-format explain run c1"],
        Flags =
        [
            BundleFlags.Bundle, BundleFlags.Config, BundleFlags.ConsoleSocket, BundleFlags.PidfdSocket, Detach, Keep, BundleFlags.PidFile, NoSubreaper,
            BundleFlags.NoPivot, BundleFlags.NoNewKeyring, BundleFlags.PreserveFds,
        ],
        FailurePrefix = "ception run failed: ",
        Run = Run,
    };

    private static int Run(Invocation call) => call.OpenRuntime().Run(BundleFlags.ToRequest(call) with
    {
        Detach = call.Flags.Is(Detach),
        Keep = call.Flags.Is(Keep),
        NoSubreaper = call.Flags.Is(NoSubreaper),
    });
}
