using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock update</c>: changes the limits and the restart policy of containers.</summary>
internal static class UpdateCommand
{
    public static Command Create(Output output)
    {
        RunOptions options = new();
        Argument<string[]> containers = Containers.Argument();
        Command command = new("update", "Change limits and the restart policy of containers") { containers };
        foreach (Option option in options.Limits.Append(options.Restart))
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            if (!options.Limits.Append(options.Restart).Any(option => parsed.GetResult(option) is { Implicit: false }))
            {
                throw new UsageException("you must provide one or more flags when using this command");
            }

            UpdateRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables(), named: null).ReadUpdate();
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.Each(parsed.GetValue(containers), output, container => engine.Update(container, request));
        });
        return command;
    }
}
