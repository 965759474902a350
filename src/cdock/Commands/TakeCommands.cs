using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock export</c>, <c>diff</c> and <c>commit</c>: what a container has written is taken out.</summary>
internal static class TakeCommands
{
    public static Command Export()
    {
        Option<string> file = ArchiveOutput.Option();
        Argument<string> container = Container();
        Command command = new("export", "Write a container's files as an archive") { file, container };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            ArchiveOutput.Write(parsed.GetValue(file), stream => engine.Export(parsed.GetValue(container)!, stream));
            return ExitCode.Success;
        });
        return command;
    }

    public static Command Diff(Output output)
    {
        Argument<string> container = Container();
        Command command = new("diff", "Tell what a container has added (A), changed (C) and deleted (D)") { container };
        command.SetAction(parsed =>
        {
            foreach (ContainerChange change in ContainerEngine.Open(new EngineOptions()).Diff(parsed.GetValue(container)!))
            {
                output.Standard.Write($"{change.Kind.ToString()[0]} {change.Path}\n");
            }

            return ExitCode.Success;
        });
        return command;
    }

    public static Command Commit(Output output)
    {
        Option<string> author = new("--author", "-a") { Description = "Who made it", HelpName = "NAME" };
        Option<string[]> change = new("--change", "-c") { Description = "An instruction of a Dockerfile: 'CMD [\"x\"]'", HelpName = "INSTRUCTION", AllowMultipleArgumentsPerToken = false };
        Option<string> message = new("--message", "-m") { Description = "What was done", HelpName = "TEXT" };
        Option<bool> pause = new("--pause", "-p") { Description = "Pause the container meanwhile", DefaultValueFactory = _ => true };
        Argument<string> container = Container();
        Argument<string?> name = new("REPOSITORY[:TAG]") { Description = "The image's name", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("commit", "Make an image of a container and what it has written") { author, change, message, pause, container, name };
        command.SetAction(parsed =>
        {
            output.Standard.WriteLine(ContainerEngine.Open(new EngineOptions()).Commit(new CommitRequest
            {
                Container = parsed.GetValue(container)!,
                Name = parsed.GetValue(name),
                Author = parsed.GetValue(author),
                Message = parsed.GetValue(message),
                Changes = [.. parsed.GetValue(change) ?? []],
                Pause = parsed.GetValue(pause),
            }));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> Container() => new("CONTAINER") { Description = "A name or id" };
}
