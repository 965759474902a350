using System.CommandLine;
using System.Globalization;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock wait</c>: waits for containers to end, and prints their exit codes.</summary>
internal static class WaitCommand
{
    public static Command Create(Output output)
    {
        Argument<string[]> containers = Containers.Argument();
        Command command = new("wait", "Wait until containers have ended, and print their exit codes") { containers };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.EachSaying(parsed.GetValue(containers), output, container => engine.Wait(container).ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }
}
