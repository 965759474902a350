using System.CommandLine;
using Containerception.Engine;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary><c>cdock kill</c>: sends a signal to containers.</summary>
internal static class KillCommand
{
    public static Command Create(Output output)
    {
        Option<string> signal = new("--signal", "-s") { Description = "What to send (default: KILL)", HelpName = "SIGNAL" };
        Argument<string[]> containers = Containers.Argument();
        Command command = new("kill", "Send a signal to containers") { signal, containers };
        command.SetAction(parsed =>
        {
            Signal number = StopCommand.Parse(parsed.GetValue(signal) ?? "KILL");
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.Each(parsed.GetValue(containers), output, container => engine.Kill(container, number));
        });
        return command;
    }
}
