namespace Containerception.Cli;

/// <summary><c>ception start</c>.</summary>
internal static class StartCommand
{
    public static Verb Verb { get; } = new("start", "run the process of a created container")
    {
        Description = ["Lets the process of a container that create has made go on to the program of config.json."],
        Examples = ["ception start c1"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.OpenRuntime().Start(call.Id, BundleFlags.NotifySocketOf());
        return ExitCode.Fine;
    }
}
