using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock run</c>: makes a container, runs a command in it, and cleans up.</summary>
internal static class RunCommand
{
    public static Command Create(Output output)
    {
        RunOptions options = new();
        Command command = new("run", "Make a container, run a command in it, and clean up") { options.Words };
        foreach (Option option in options.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            RunRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables()).Read();
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions
            {
                Runtime = parsed.GetValue(options.Runtime),
                Explain = parsed.GetValue(options.Explain) ? output.Error.WriteLine : null,
            });
            return engine.Run(request);
        });
        return command;
    }
}
