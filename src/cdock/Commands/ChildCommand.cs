using System.Collections;
using System.CommandLine;
using Containerception.Engine;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary>
/// <c>cdock run --isolate none</c>, the tour's first step: no container at all, but a child of /proc/self/exe that becomes the command.
/// <c>cdock child</c>, hidden, is that child.
/// </summary>
internal static class ChildCommand
{
    public static Command Create()
    {
        Argument<string[]> words = new("COMMAND") { Arity = ArgumentArity.OneOrMore };
        Option<bool> network = new("--network") { Description = "In the network namespace of this user's containers" };
        Command command = new("child", "Become a command") { network, words };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string[] line = parsed.GetValue(words)!;
            if (parsed.GetValue(network))
            {
                UserNetwork.Enter();
            }

            Processes.Execve(Find(line[0]), line, Variables());
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Runs the child to its end.</summary>
    public static int Run(IReadOnlyList<string> command, Action<string>? explain)
    {
        string[] line = ["/proc/self/exe", "child", "--", .. command];
        int pid = Spawning.PosixSpawn(line[0], line, Variables());
        explain?.Invoke($"start a child of /proc/self/exe, the process {pid}\n    posix_spawn(\"/proc/self/exe\", [\"child\", …])\n"
            + "    a process like any other: nothing is isolated");
        return Waiting.Wait(pid).ExitCode;
    }

    private static string Find(string name)
        => name.Contains('/', StringComparison.Ordinal)
            ? name
            : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Select(directory => Path.Join(directory, name))
                .FirstOrDefault(File.Exists)
                ?? throw new EngineException(
                    FailureKind.ProgramNotFound, $"exec: \"{name}\": executable file not found in $PATH");

    private static string[] Variables()
        => [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(one => $"{one.Key}={one.Value}")];
}
