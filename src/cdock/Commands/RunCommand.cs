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
        ContainerEngine engine = ContainerEngine.Open(new EngineOptions { Runtime = parsed.GetValue(options.Runtime), Explain = ExplainTo(options, parsed, output) });
        SupervisorStart? begun = NamesImage(options, parsed) ? engine.BeginStart() : null;
        try
        {
            // What is fetched takes longer than any start, and mounts of the host's may come and go meanwhile.
            RunImage image = new(options, parsed, output, engine, fetches: () =>
            {
                begun?.Dispose();
                begun = null;
            });
            RunRequest request = new RunRequestReader(options, parsed, Environment.GetEnvironmentVariables(), image.Named).Read();
            return Run(engine, request, begun, options, parsed, output);
        }
        finally
        {
            begun?.Dispose();
        }
    }

    private static int Run(ContainerEngine engine, RunRequest request, SupervisorStart? begun, RunOptions options, ParseResult parsed, Output output)
    {
        if (request.Namespaces.Only is { IsEmpty: true })
        {
            RefuseWithoutContainer(options, parsed, request);
            return ChildCommand.Run(request.Command, ExplainTo(options, parsed, output));
        }

        if (request is { Detach: false, Interactive: true } && request.Attach.Contains("stdin"))
        {
            Terminal.Check(request.Tty, request.Interactive);
        }

        bool feedsOnly = request.Attach is ["stdin"];
        if (request.Detach || (feedsOnly && !request.Interactive))
        {
            output.Standard.WriteLine(engine.RunDetached(request, begun));
            return ExitCode.Success;
        }

        AttachRequest attach = new()
        {
            Stdin = request.Interactive && request.Attach.Contains("stdin"),
            Stdout = request.Attach.Contains("stdout"),
            Stderr = request.Attach.Contains("stderr"),
            DetachKeys = parsed.GetValue(options.DetachKeys) ?? AttachRequest.DetachKeysDefault,
            SignalProxy = parsed.GetValue(options.SignalProxy),

            // As docker has it: what is not waited for is told by its id, as with -d.
            Started = feedsOnly ? output.Standard.WriteLine : null,
        };
        int exitCode = engine.Run(request, attach, begun);
        return feedsOnly ? ExitCode.Success : exitCode;
    }

    private static Action<string>? ExplainTo(RunOptions options, ParseResult parsed, Output output) => parsed.GetValue(options.Explain) ? output.Error.WriteLine : null;

    private static bool NamesImage(RunOptions options, ParseResult parsed)
        => parsed.GetValue(options.Rootfs) is null && parsed.GetValue(options.Bundle) is null && parsed.GetValue(options.Isolate) is null && parsed.GetValue(options.Words) is [var name, ..] && name != RootRequest.HostName;

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
