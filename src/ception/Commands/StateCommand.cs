namespace Containerception.Cli;

/// <summary><c>ception state</c>.</summary>
internal static class StateCommand
{
    public static Verb Verb { get; } = new("state", "print the state of a container")
    {
        Description = ["Prints the state as JSON: its id, process id, status, bundle, root file system, time of creation and annotations."],
        Examples = ["ception state c1"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.Output.Write(StatusJson.One(call.OpenRuntime().State(call.Id)));
        return ExitCode.Fine;
    }
}
