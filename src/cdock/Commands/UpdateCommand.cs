using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock update</c>: changes the limits, the restart policy and the published ports of containers.</summary>
internal static class UpdateCommand
{
    public static Command Create(Output output)
    {
        RunOptions options = new();
        Argument<string[]> containers = Containers.Argument();
        Option<string[]> remove = new("--publish-rm")
        {
            Description = "Lead a port of the host to it no longer: 80, 8080:80/tcp",
            HelpName = "[PORT:]PORT[/PROTOCOL]",
            AllowMultipleArgumentsPerToken = false,
        };
        options.Publish.Aliases.Add("--publish-add");
        Option[] all = [.. options.Limits, options.Restart, options.Publish, remove];
        Command command = new("update", "Change limits, the restart policy and published ports of containers") { containers };
        foreach (Option option in all)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            if (!all.Any(option => parsed.GetResult(option) is { Implicit: false }))
            {
                throw new UsageException("you must provide one or more flags when using this command");
            }

            UpdateRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables(), named: null).ReadUpdate() with
            {
                PortsAdded = [.. (parsed.GetValue(options.Publish) ?? []).SelectMany(text => PortRequest.Parse(text))],
                PortsRemoved = [.. parsed.GetValue(remove) ?? []],
            };
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            return Containers.Each(parsed.GetValue(containers), output, container => engine.Update(container, request));
        });
        return command;
    }
}
