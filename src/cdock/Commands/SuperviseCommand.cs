using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock supervise</c>, hidden: what <c>cdock run --detach</c> leaves behind for as long as the program runs.</summary>
internal static class SuperviseCommand
{
    public static string[] Line { get; } = ["/proc/self/exe", "supervise"];

    public static Command Create()
    {
        Argument<string> id = new("ID");
        Command command = new("supervise", "Run a container that was claimed") { id };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            ContainerEngine.Open(new EngineOptions()).Supervise(parsed.GetValue(id)!);
            return ExitCode.Success;
        });
        return command;
    }
}
