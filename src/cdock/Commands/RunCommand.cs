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

        command.SetAction(parsed => Run(options, parsed, output));
        return command;
    }

    private static int Run(RunOptions options, ParseResult parsed, Output output)
    {
        Action<string>? explain = parsed.GetValue(options.Explain) ? output.Error.WriteLine : null;
        ContainerEngine engine = ContainerEngine.Open(new EngineOptions { Runtime = parsed.GetValue(options.Runtime), Explain = explain });
        RunRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables(), new RunImage(options, parsed, output, engine).Named).Read();
        if (request.Namespaces.Only is { IsEmpty: true })
        {
            RefuseWithoutContainer(options, parsed, request);
            return ChildCommand.Run(request.Command, explain);
        }

        if (request is { Detach: false, Interactive: true } && request.Attach.Contains("stdin"))
        {
            Terminal.Check(request.Tty, request.Interactive);
        }

        if (request.Detach)
        {
            output.Standard.WriteLine(engine.RunDetached(request));
            return ExitCode.Success;
        }

        return engine.Run(request, new AttachRequest
        {
            Stdin = request.Interactive && request.Attach.Contains("stdin"),
            Stdout = request.Attach.Contains("stdout"),
            Stderr = request.Attach.Contains("stderr"),
            DetachKeys = parsed.GetValue(options.DetachKeys) ?? AttachRequest.DetachKeysDefault,
            SignalProxy = parsed.GetValue(options.SignalProxy),
        });
    }

    private static void RefuseWithoutContainer(RunOptions options, ParseResult parsed, RunRequest request)
    {
        Option[] harmless = [options.Isolate, options.Explain, options.Remove, options.Interactive];
        Option? given = options.All.Except(harmless).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null)
        {
            throw new UsageException($"{given.Name} needs a container, and --isolate none makes none");
        }

        if (request.Command.IsEmpty)
        {
            throw new UsageException("no command specified", "write it after the ROOT");
        }
    }
}
