using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock port</c>: which ports of the host lead to a container.</summary>
internal static class PortCommand
{
    public static Command Create(Output output)
    {
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Argument<string?> port = new("PORT") { Description = "Only this one: 80, 80/tcp", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("port", "List the ports of the host that lead to a container") { container, port };
        command.SetAction(parsed =>
        {
            ContainerInfo one = ContainerEngine.Open(new EngineOptions()).Find(parsed.GetValue(container)!);
            if (parsed.GetValue(port) is not string wanted)
            {
                foreach (PortInfo each in one.Ports)
                {
                    output.Standard.WriteLine($"{each.ContainerName} -> {PortWords.Address(each)}");
                }

                return ExitCode.Success;
            }

            string name = wanted.Contains('/', StringComparison.Ordinal) ? wanted : wanted + "/tcp";
            PortInfo[] found = [.. one.Ports.Where(each => each.ContainerName == name)];
            if (found.Length == 0)
            {
                throw new EngineException(FailureKind.NotFound, $"No public port '{wanted}' published for {one.Name}");
            }

            foreach (PortInfo each in found)
            {
                output.Standard.WriteLine(PortWords.Address(each));
            }

            return ExitCode.Success;
        });
        return command;
    }
}
