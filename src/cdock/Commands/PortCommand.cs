using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock port</c>: which ports of the host lead to a container. None do as yet.</summary>
internal static class PortCommand
{
    public static Command Create()
    {
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Argument<string?> port = new("PORT") { Description = "Only this one: 80, 80/tcp", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("port", "List the ports of the host that lead to a container") { container, port };
        command.SetAction(parsed =>
        {
            ContainerInfo one = ContainerEngine.Open(new EngineOptions()).Find(parsed.GetValue(container)!);
            return parsed.GetValue(port) is not string wanted
                ? ExitCode.Success
                : throw new EngineException(FailureKind.NotFound, $"No public port '{wanted}' published for {one.Name}");
        });
        return command;
    }
}
