namespace Containerception.Cli;

/// <summary><c>ception resume</c>.</summary>
internal static class ResumeCommand
{
    public static Verb Verb { get; } = new("resume", "resume all processes of a paused container")
    {
        Description = ["Thaws the container's cgroup."],
        Examples = ["ception resume c1"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.OpenRuntime().Resume(call.Id);
        return ExitCode.Fine;
    }
}
