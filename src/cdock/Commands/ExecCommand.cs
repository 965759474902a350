using System.Collections;
using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock exec</c>: one more program in a running container.</summary>
internal static class ExecCommand
{
    public static Command Create()
    {
        Option<bool> interactive = new("--interactive", "-i") { Description = "Give the program this standard input" };
        Option<bool> tty = new("--tty", "-t") { Description = "Give the program a terminal of its own" };
        Option<bool> detach = new("--detach", "-d") { Description = "Return once the program runs" };
        Option<string[]> env = new("--env", "-e") { Description = "Set an environment variable", HelpName = "NAME=VALUE" };
        Option<string[]> envFile = new("--env-file") { Description = "Set the environment variables of a file", HelpName = "FILE" };
        Option<string> user = new("--user", "-u") { Description = "Who runs the program: names or numbers", HelpName = "USER[:GROUP]" };
        Option<string> workdir = new("--workdir", "-w") { Description = "The working directory inside", HelpName = "DIR" };
        Option<bool> privileged = new("--privileged") { Description = "All capabilities" };
        Option<string> keys = new("--detach-keys") { Description = "Not supported: what was started so is left only by its end", HelpName = "KEYS", Hidden = true };
        Argument<string[]> words = new("CONTAINER")
        {
            Description = "The container's name or id; then the command",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = new("exec", "Run one more program in a running container")
        {
            interactive, tty, detach, env, envFile, user, workdir, privileged, keys, words,
        };
        command.SetAction(parsed =>
        {
            string[] given = parsed.GetValue(words) ?? [];
            if (given.Length < 2)
            {
                throw Refusal.Words("exec needs a container and a command");
            }

            if (parsed.GetValue(keys) is not null)
            {
                throw new EngineException(
                    FailureKind.Unsupported, "exec --detach-keys is not supported: the terminal of a further program is not kept for another time", "start it with -d");
            }

            if (parsed.GetValue(workdir) is string directory && !directory.StartsWith('/'))
            {
                throw new UsageException($"invalid value \"{directory}\" for --workdir: it must be absolute");
            }

            if (!parsed.GetValue(detach))
            {
                Terminal.Check(parsed.GetValue(tty), parsed.GetValue(interactive));
            }

            IDictionary variables = Environment.GetEnvironmentVariables();
            return ContainerEngine.Open(new EngineOptions()).Exec(new ExecRequest
            {
                Container = given[0],
                Command = [.. given.Skip(1)],
                Interactive = parsed.GetValue(interactive),
                Tty = parsed.GetValue(tty),
                Detach = parsed.GetValue(detach),
                Environment =
                [
                    .. (parsed.GetValue(envFile) ?? []).SelectMany(path => EnvironmentFile.Read(path, variables)),
                    .. (parsed.GetValue(env) ?? []).Select(text => EnvironmentFile.ParseVariable(text, variables)).OfType<string>(),
                ],
                User = parsed.GetValue(user),
                WorkingDirectory = parsed.GetValue(workdir),
                Privileged = parsed.GetValue(privileged),
            });
        });
        return command;
    }
}
