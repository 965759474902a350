using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock cleanup</c>, hidden: what the supervisor of a container with <c>--rm</c> becomes in the end, when nobody waits for it.</summary>
internal static class CleanUpCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID");
        Command command = new("cleanup", "Remove a container that has ended") { id };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            ContainerEngine.Open(new EngineOptions()).CleanUp(parsed.GetValue(id)!);
            return ExitCode.Success;
        });
        return command;
    }
}
