using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock create</c>: makes a container that <c>cdock start</c> starts.</summary>
internal static class CreateCommand
{
    public static Command Create(Output output)
    {
        RunOptions options = new();
        Command command = new("create", "Make a container, to be started later") { options.Words };
        Option[] onlyWhenRun = [options.Detach, options.Explain, options.Isolate, options.DetachKeys, options.SignalProxy];
        foreach (Option option in options.All.Except(onlyWhenRun))
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions { Runtime = parsed.GetValue(options.Runtime) });
            RunRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables(), new RunImage(options, parsed, output, engine).Named).Read();
            output.Standard.WriteLine(engine.Create(request));
            return ExitCode.Success;
        });
        return command;
    }
}
