using System.CommandLine;
using System.CommandLine.Parsing;
using Containerception.Engine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary>cdock's command line as a whole: which verbs there are, and how what goes wrong is told.</summary>
internal sealed class Application(Output output)
{
    /// <summary>Verbs whose first word that is no flag begins what belongs to the container.</summary>
    private static readonly string[] EndAtFirstWord = ["run", "create", "exec", "top", "child"];

    public RootCommand Tree()
    {
        RootCommand root = new("Containers without a daemon: make one, look into it, end it.");
        root.Directives.Clear();
        Command[] verbs =
        [
            RunCommand.Create(output), CreateCommand.Create(output), StartCommand.Create(output), StopCommand.Create(output),
            StopCommand.CreateRestart(output), KillCommand.Create(output), RmCommand.Create(output), PsCommand.Create(output), LogsCommand.Create(output),
            AttachCommand.Create(), ExecCommand.Create(), WaitCommand.Create(output), SimpleCommands.Pause(output), SimpleCommands.Unpause(output),
            SimpleCommands.Rename(), UpdateCommand.Create(output), WhyCommand.Create(output), InspectCommand.Create(output), TopCommand.Create(output), StatsCommand.Create(output), PortCommand.Create(), EventsCommand.Create(output),
            CpCommand.Create(output), VolumeCommand.Create(output), ContainerCommand.Create(output), SystemCommand.Create(output), InfoCommand.Create(output),
            VersionCommand.Create(output), GenerateCommand.Create(output, root), CleanUpCommand.Create(), ChildCommand.Create(),
            PullCommand.Create(output), PushCommand.Create(output), LoginCommand.Create(output), LogoutCommand.Create(output),
            ImagesCommand.Create(output, "images"), RmiCommand.Create(output, "rmi"), TagCommand.Create(), HistoryCommand.Create(output), ImageCommand.Create(output), RegistryCommand.Create(output),
        ];
        foreach (Command verb in verbs)
        {
            root.Subcommands.Add(verb);
        }

        return root;
    }

    public int Run(string[] words)
    {
        words = SystemCommand.Rewrite(ContainerCommand.Rewrite(words));
        try
        {
            return Invoke(words);
        }
        catch (UsageException wrong)
        {
            output.Fail(wrong.Message, wrong.Hint ?? (words.Length > 0 ? $"see cdock {words[0]} --help" : "see cdock --help"));
            return ExitCode.NotStarted;
        }
        catch (TemplateException wrong)
        {
            output.Fail($"{(wrong.IsParsing ? "failed to parse template" : "failed to execute template")}: {wrong.Message}", wrong.Hint);
            return ExitCode.Failure;
        }
        catch (EngineException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return words is ["run" or "exec" or "child", ..] ? ExitCode.Of(failed.Kind) : ExitCode.Failure;
        }
        catch (ImageException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return words is ["run" or "exec", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
        catch (DatabaseException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return words is ["run" or "exec", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
        catch (Exception failed) when (failed is LinuxException or ConfigException or IOException or UnauthorizedAccessException)
        {
            output.Fail(failed.Message, hint: null);
            return words is ["run" or "exec", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
    }

    private int Invoke(string[] words)
    {
        RootCommand root = Tree();
        Command? verb = words.Length > 0 ? root.Subcommands.FirstOrDefault(command => command.Name == words[0] || command.Aliases.Contains(words[0])) : null;
        if (words.Length > 0 && verb is null && words[0] is not ['-', ..])
        {
            throw new UsageException($"unknown command: {words[0]}", "see cdock --help");
        }

        string[] rewritten = verb is not null && EndAtFirstWord.Contains(verb.Name) && !AsksForHelp(verb, words)
            ? [verb.Name, .. DockerGrammar.Rewrite(verb, words.AsSpan(1))]
            : words.Length == 0 ? ["--help"] : words;
        ParseResult parsed = root.Parse(rewritten, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = true });
        foreach (ParseError error in parsed.Errors)
        {
            throw new UsageException(error.Message);
        }

        return parsed.Invoke(new InvocationConfiguration
        {
            Output = output.Standard,
            Error = output.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    // --help before the first word that is no flag; a value of a flag that says so is not asked for much.
    private static bool AsksForHelp(Command verb, string[] words)
        => words.Skip(1).TakeWhile(word => word.StartsWith('-')).Any(word => word is "--help" || (word is "-?" && verb.Name.Length > 0));
}
