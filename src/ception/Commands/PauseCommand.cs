namespace Containerception.Cli;

/// <summary><c>ception pause</c>.</summary>
internal static class PauseCommand
{
    public static Verb Verb { get; } = new("pause", "suspend all processes of a container")
    {
        Description = ["Freezes the container's cgroup; resume thaws it."],
        Examples = ["ception pause c1"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.OpenRuntime().Pause(call.Id);
        return ExitCode.Fine;
    }
}
