using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock rm</c>: forgets containers that have ended.</summary>
internal static class RmCommand
{
    public static Command Create(Output output)
    {
        Option<bool> force = new("--force", "-f") { Description = "Kill them first, if they run; one that is not there is no failure" };
        Option<bool> volumes = new("--volumes", "-v") { Description = "Remove their anonymous volumes too" };
        Argument<string[]> containers = Containers.Argument();
        Command command = new("rm", "Forget containers that have ended") { force, volumes, containers };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            bool isForced = parsed.GetValue(force);
            return Containers.Each(
                parsed.GetValue(containers), output, container => engine.Remove(container, isForced, parsed.GetValue(volumes)), isMissingFine: isForced);
        });
        return command;
    }
}
