using Containerception.Runtime;
using Containerception.Supervision;

namespace Containerception.Cli;

/// <summary><c>ception supervise</c>: stays with one container of cdock's, from its start to its end.</summary>
internal static class SuperviseCommand
{
    private static readonly Flag Late = Flag.Switch(SupervisePlan.LateFlag.TrimStart('-'), "wait for the descriptors");

    public static Verb Verb { get; } = new("supervise", "keep one container for cdock")
    {
        Arguments = "<file>",
        Description = ["Started by cdock, with descriptors that it has prepared."],
        Examples = ["ception supervise /var/lib/cdock/containers/ID/supervise.json"],
        Hidden = true,
        Flags = [Late],
        Run = Run,
    };

    private static int Run(Invocation call) => ContainerSupervisor.Run(call.Flags.Arguments[0], call.Flags.Is(Late), file =>
    {
        Output steps = new(file);
        return step => steps.Write(ExplainLog.Step(step, steps.IsTerminal));
    });
}
