using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary>
/// <c>ception init-process</c>: the first process of a container that was asked for one (<c>cdock run --init</c>). It starts the program,
/// forwards signals to it, buries whoever loses their parent, and exits as the program does.
/// </summary>
internal static class InitProcessCommand
{
    private const int NotExecutable = 126;
    private const int NotFound = 127;

    public static Verb Verb { get; } = new("init-process", "start a program, forward signals to it, and reap zombies")
    {
        Arguments = "-- <program> [arguments]",
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.First,
        Description = ["Used inside containers, by cdock run --init."],
        Examples = ["ception init-process -- sh -c 'sleep 1'"],
        Hidden = true,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        string[] arguments = [.. call.Flags.Arguments];
        Signals.BlockForProcess(SignalSet.All);
        using SafeFileHandle signals = Signals.Descriptor(SignalSet.All);
        int program;
        try
        {
            program = Start(arguments);
        }
        catch (LinuxException refused) when (refused.Errno is Errno.ENOENT or Errno.EACCES or Errno.ENOEXEC or Errno.EISDIR or Errno.ENOTDIR)
        {
            call.Log.Error($"exec: \"{arguments[0]}\": {LinuxException.Text(refused.Errno)}", hint: null);
            return refused.Errno is Errno.ENOENT or Errno.ENOTDIR ? NotFound : NotExecutable;
        }

        return Watch(signals, program);
    }

    // A process group of its own, in the foreground of the terminal: Ctrl-C goes to the program once, not again through us.
    private static int Start(string[] arguments)
    {
        string[] environment = Variables();
        int program = Spawning.PosixSpawn(Resolve(arguments[0]), arguments, environment, flags: SpawnFlags.POSIX_SPAWN_SETPGROUP);
        using SafeFileHandle input = new(0, ownsHandle: false);
        if (Terminals.IsTerminal(input))
        {
            Terminals.SetForeground(input, program);
        }

        return program;
    }

    private static int Watch(SafeFileHandle signals, int program)
    {
        int? exitCode = null;
        while (true)
        {
            while (Signals.TryRead(signals) is ReceivedSignal received)
            {
                if (received.Signal is not (Signal.SIGCHLD or Signal.SIGTTIN or Signal.SIGTTOU))
                {
                    Processes.Kill(program, received.Signal);
                }
            }

            while (Waiting.TryWaitAny() is WaitStatus ended)
            {
                exitCode = ended.Pid == program ? ended.ExitCode : exitCode;
            }

            if (exitCode is int code)
            {
                return code;
            }

            Polling.Poll(signals, PollEvents.POLLIN);
        }
    }

    // execvp(3)'s search.
    private static string Resolve(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return name;
        }

        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':'))
        {
            string path = System.IO.Path.Join(directory.Length == 0 ? "." : directory, name);
            if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None) is { IsRegular: true })
            {
                return path;
            }
        }

        throw new LinuxException($"execve(\"{name}\")", Errno.ENOENT);
    }

    private static string[] Variables()
    {
        List<string> variables = [];
        foreach (System.Collections.DictionaryEntry one in Environment.GetEnvironmentVariables())
        {
            variables.Add($"{one.Key}={one.Value}");
        }

        return [.. variables];
    }
}
