using System.CommandLine;
using Containerception.Engine;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary><c>cdock stop</c> and <c>cdock restart</c>: ask programs to end, kill those that do not; and start them again.</summary>
internal static class StopCommand
{
    public static Command Create(Output output)
        => Create("stop", "Ask containers to end, and kill those that do not", output, (engine, container, signal, seconds) => engine.Stop(container, signal, seconds));

    public static Command CreateRestart(Output output)
        => Create("restart", "Stop containers, and start them again", output, (engine, container, signal, seconds) => engine.Restart(container, signal, seconds));

    public static Signal Parse(string name) => Signals.TryParse(name, out Signal number)
        ? number
        : throw new UsageException($"invalid signal: \"{name}\"", "use a name or a number: TERM, SIGTERM, 15");

    private static Command Create(string name, string description, Output output, Action<ContainerEngine, string, Signal?, int?> work)
    {
        Option<string> signal = new("--signal", "-s") { Description = "What asks (default: the container's own)", HelpName = "SIGNAL" };
        Option<int?> time = new("--time", "-t", "--timeout") { Description = "Kill after so many seconds, -1 never (default: the container's own)", HelpName = "SECONDS" };
        Argument<string[]> containers = Containers.Argument();
        Command command = new(name, description) { signal, time, containers };
        command.SetAction(parsed =>
        {
            Signal? asks = parsed.GetValue(signal) is string text ? Parse(text) : null;
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.Each(parsed.GetValue(containers), output, container => work(engine, container, asks, parsed.GetValue(time)));
        });
        return command;
    }
}
