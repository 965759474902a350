using System.CommandLine;
using Containerception.Engine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary>cdock's command line as a whole: which verbs there are, and how what goes wrong is told.</summary>
internal sealed class Application(Output output)
{
    private const string Name = "cdock";

    /// <summary>Verbs whose first word that is no flag begins what belongs to the container.</summary>
    private static readonly string[] EndAtFirstWord = ["run", "create", "exec", "top", "child"];

    /// <summary>The whole command line.</summary>
    public RootCommand Tree()
    {
        RootCommand root = new("Containers without a daemon: make one, look into it, end it.");
        root.Directives.Clear();
        AddVerbs(root, only: null);
        return root;
    }

    // A start for one verb must not take the time that it takes to make all of them, nor that of help's words.
    private Command Tree(string[] words)
    {
        if (words is [] or [['-', ..], ..] || Array.Exists(words, word => word is "--help" or "-h" or "-?"))
        {
            return Tree();
        }

        Command root = new(Name);
        AddVerbs(root, words[0]);
        return root;
    }

    private void AddVerbs(Command root, string? only)
    {
        (string Name, Func<Command> Create)[] verbs =
        [
            ("run", () => RunCommand.Create(output)),
            ("create", () => CreateCommand.Create(output)),
            ("start", () => StartCommand.Create(output)),
            ("stop", () => StopCommand.Create(output)),
            ("restart", () => StopCommand.CreateRestart(output)),
            ("kill", () => KillCommand.Create(output)),
            ("rm", () => RmCommand.Create(output)),
            ("ps", () => PsCommand.Create(output)),
            ("logs", () => LogsCommand.Create(output)),
            ("attach", () => AttachCommand.Create()),
            ("exec", () => ExecCommand.Create()),
            ("wait", () => WaitCommand.Create(output)),
            ("pause", () => SimpleCommands.Pause(output)),
            ("unpause", () => SimpleCommands.Unpause(output)),
            ("rename", () => SimpleCommands.Rename()),
            ("update", () => UpdateCommand.Create(output)),
            ("why", () => WhyCommand.Create(output)),
            ("inspect", () => InspectCommand.Create(output)),
            ("top", () => TopCommand.Create(output)),
            ("stats", () => StatsCommand.Create(output)),
            ("port", () => PortCommand.Create(output)),
            ("events", () => EventsCommand.Create(output)),
            ("cp", () => CpCommand.Create(output)),
            ("nest", () => NestCommand.Create(output)),
            ("network", () => NetworkCommand.Create(output)),
            ("volume", () => VolumeCommand.Create(output)),
            ("container", () => ContainerCommand.Create(output)),
            ("system", () => SystemCommand.Create(output)),
            ("info", () => InfoCommand.Create(output)),
            ("version", () => VersionCommand.Create(output)),
            ("generate", () => GenerateCommand.Create(output, Tree)),
            ("cleanup", () => CleanUpCommand.Create()),
            ("child", () => ChildCommand.Create()),
            ("pull", () => PullCommand.Create(output)),
            ("push", () => PushCommand.Create(output)),
            ("login", () => LoginCommand.Create(output)),
            ("logout", () => LogoutCommand.Create(output)),
            ("images", () => ImagesCommand.Create(output, "images")),
            ("rmi", () => RmiCommand.Create(output, "rmi")),
            ("tag", () => TagCommand.Create()),
            ("history", () => HistoryCommand.Create(output)),
            ("image", () => ImageCommand.Create(output)),
            ("registry", () => RegistryCommand.Create(output)),
            ("load", () => LoadCommand.Create(output)),
            ("save", () => SaveCommand.Create(output)),
            ("import", () => ImportCommand.Create(output)),
            ("export", () => TakeCommands.Export()),
            ("diff", () => TakeCommands.Diff(output)),
            ("commit", () => TakeCommands.Commit(output)),
        ];
        bool isKnown = verbs.Any(verb => verb.Name == only);
        foreach ((string name, Func<Command> create) in verbs)
        {
            if (!isKnown || name == only)
            {
                root.Subcommands.Add(create());
            }
        }
    }

    public int Run(string[] words)
    {
        string[] asked = words;
        words = ImageCommand.Rewrite(SystemCommand.Rewrite(ContainerCommand.Rewrite(HelpWords(words))));
        try
        {
            if (words is not ([] or ["--help" or "version" or "generate" or "login" or "logout", ..]))
            {
                PlainUser.BecomeRoot(asked);
                if (PlainUser.IsFirstWithOneId())
                {
                    output.Warn("this user has one id, so his containers have one user and one group, to whom all files of images belong", PlainUser.WhatItTakes());
                }
            }

            return Invoke(words);
        }
        catch (UsageException wrong)
        {
            output.Fail(wrong.Message, wrong.Hint ?? (words.Length > 0 ? $"see cdock {words[0]} --help" : "see cdock --help"));
            return wrong.ExitCode;
        }
        catch (TemplateException wrong)
        {
            output.Fail($"{(wrong.IsParsing ? "failed to parse template" : "failed to execute template")}: {wrong.Message}", wrong.Hint);
            return ExitCode.Failure;
        }
        catch (EngineException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return ExitCodeOf(failed, words);
        }
        catch (ImageException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return words is ["run", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
        catch (DatabaseException failed)
        {
            output.Fail(failed.Message, failed.Hint);
            return words is ["run", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
        catch (Exception failed) when (failed is LinuxException or ConfigException or IOException or UnauthorizedAccessException)
        {
            output.Fail(failed.Message, hint: null);
            return words is ["run", ..] ? ExitCode.NotStarted : ExitCode.Failure;
        }
    }

    /// <summary>docker's other ways to ask: <c>help</c>, <c>help run</c>, <c>-v</c>.</summary>
    private static string[] HelpWords(string[] words) => words switch
    {
        ["help", .. string[] verb] => [.. verb, "--help"],
        ["-v"] => ["--version"],
        _ => words,
    };

    private int Invoke(string[] words)
    {
        Command root = Tree(words);
        Command? verb = words.Length > 0 ? root.Subcommands.FirstOrDefault(command => command.Name == words[0] || command.Aliases.Contains(words[0])) : null;
        if (words.Length > 0 && verb is null && words[0] is not ['-', ..])
        {
            throw Refusal.Unknown(words[0]);
        }

        if (verb is { Subcommands.Count: > 0 } && words.Length == 1)
        {
            words = [verb.Name, "--help"];
            root = Tree();
        }

        string[] rewritten = verb is not null && EndAtFirstWord.Contains(verb.Name) && !AsksForHelp(verb, words)
            ? [verb.Name, .. DockerGrammar.Rewrite(verb, words.AsSpan(1))]
            : words.Length == 0 ? ["--help"] : words;
        ParseResult parsed = root.Parse(rewritten, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = true });
        if (parsed.Errors.Count > 0)
        {
            throw Refusal.Of(parsed);
        }

        return parsed.Invoke(new InvocationConfiguration
        {
            Output = output.Standard,
            Error = output.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    // What stands in the way of a further program is no failure of one: of `exec`, docker says 125 never.
    private static int ExitCodeOf(EngineException failed, string[] words) => (words, ExitCode.Of(failed.Kind)) switch
    {
        (["run" or "child", ..], int code) => code,
        (["exec", ..], ExitCode.NotExecutable or ExitCode.ProgramNotFound) => ExitCode.Of(failed.Kind),
        _ => ExitCode.Failure,
    };

    // --help before the first word that is no flag; a value of a flag that says so is not asked for much.
    private static bool AsksForHelp(Command verb, string[] words)
        => words.Skip(1).TakeWhile(word => word.StartsWith('-')).Any(word => word is "--help" || (word is "-?" && verb.Name.Length > 0));
}
