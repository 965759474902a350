using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock why</c>: why a container ended, as far as it is known.</summary>
internal static class WhyCommand
{
    public static Command Create(Output output)
    {
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Command command = new("why", "Tell why a container ended") { container };
        command.SetAction(parsed =>
        {
            foreach (string line in ContainerEngine.Open(new EngineOptions()).Why(parsed.GetValue(container)!))
            {
                output.Standard.WriteLine(line);
            }

            return ExitCode.Success;
        });
        return command;
    }
}
