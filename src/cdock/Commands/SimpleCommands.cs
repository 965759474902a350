using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock pause</c>, <c>cdock unpause</c> and <c>cdock rename</c>: one call each.</summary>
internal static class SimpleCommands
{
    public static Command Pause(Output output)
        => Each("pause", "Stop all processes of containers where they are", output, (engine, container) => engine.Freeze(container));

    public static Command Unpause(Output output)
        => Each("unpause", "Let the processes of paused containers go on", output, (engine, container) => engine.Thaw(container));

    public static Command Rename()
    {
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Argument<string> name = new("NEW_NAME") { Description = "Its new name" };
        Command command = new("rename", "Give a container another name") { container, name };
        command.SetAction(parsed =>
        {
            ContainerEngine.Open(new EngineOptions()).Rename(parsed.GetValue(container)!, parsed.GetValue(name)!);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Each(string name, string description, Output output, Action<ContainerEngine, string> work)
    {
        Argument<string[]> containers = Containers.Argument();
        Command command = new(name, description) { containers };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.Each(parsed.GetValue(containers), output, container => work(engine, container));
        });
        return command;
    }
}
