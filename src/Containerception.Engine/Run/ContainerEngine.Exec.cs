using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private const int ExecIdBytes = 32;

    /// <summary>Runs one more program in a running container. Standard streams are passed on, and the signals that this thread gets, and the process if no other takes them.</summary>
    /// <returns>The program's exit status, 128 + signal for a signal; 0 when detached.</returns>
    /// <exception cref="EngineException">The program was not started.</exception>
    public int Exec(ExecRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using SafeFileHandle? nothing = request.Interactive ? null : Files.Open("/dev/null", OpenFlags.O_RDWR);
        SafeFileHandle? others = request.Detach ? nothing : null;
        SpawnStreams streams = new(nothing, others, others);
        SpawnFlags flags = request.Tty ? SpawnFlags.None : SpawnFlags.POSIX_SPAWN_SETPGROUP;
        bool isApart = request is { Detach: true, Tty: true };
        RuntimeProgram? likely = RuntimeProgram.TryFind(_options);
        using LateProgram? late = isApart ? null : likely?.TryStartLate(streams, flags);
        ContainerDefinition definition = _store.Table.Find(request.Container);
        if (!ContainerDirectory.IsTaken(_store.PathOf(definition.Id)))
        {
            // Whose supervisor lives, of that nothing is to be set right; and the others do not matter here.
            Sweep();
        }

        string directory = _store.PathOf(definition.Id);
        RuntimeProgram runtime = Of(definition);
        int init = PidOf(definition);
        string id = Randomness.GetHex(ExecIdBytes);
        string command = string.Join(' ', request.Command);
        string draft = Path.Join(directory, $"exec-{id[..16]}");
        using Undo undo = new();
        using SignalForwarding? signals = isApart ? null : new();
        undo.Add(() => File.Delete(draft + ".json"));
        undo.Add(() => File.Delete(draft + ".log"));
        undo.Add(() => File.Delete(draft + ".pid"));
        File.WriteAllBytes(draft + ".json", ProcessOf(request, directory, init).ToJson());
        if (isApart)
        {
            Note($"exec_create: {command}", definition, ("execID", id));
            ExecApart(runtime, definition, draft);
            Note($"exec_start: {command}", definition, ("execID", id));
            return 0;
        }

        ImmutableArray<string> globals = runtime.LogArguments(draft + ".log");
        ImmutableArray<string> arguments = [.. request.Detach ? ["--detach"] : ImmutableArray<string>.Empty, "--process", draft + ".json", definition.Id];
        int pid;
        if (late is not null && likely == runtime)
        {
            pid = runtime.FinishExec(late, globals, arguments);
        }
        else
        {
            // That was another program's.
            late?.Dispose();
            pid = runtime.StartExec(globals, arguments, streams, flags);
        }

        // It is on its way already.
        Note($"exec_create: {command}", definition, ("execID", id));
        Note($"exec_start: {command}", definition, ("execID", id));
        int exitCode = signals!.WaitFor(pid);
        if (exitCode != 0 && RuntimeFailure.Read(draft + ".log") is EngineException failure)
        {
            throw failure;
        }

        // How one ends that was left alone, nobody learns.
        if (!request.Detach)
        {
            Note("exec_die", definition, ("execID", id), ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)));
        }

        return exitCode;
    }

    // With a terminal and nobody there the runtime stays in the foreground of a session of its own: it reads what the program writes, and has
    // the master of a terminal that nobody types on, which the program's is copied from, open for as long as it lives.
    private static void ExecApart(RuntimeProgram runtime, ContainerDefinition definition, string draft)
    {
        const ulong ItEnded = 1;
        using SafeFileHandle master = Terminals.OpenMaster(Descriptor.WorkingDirectory, "/dev/ptmx");
        using SafeFileHandle slave = Terminals.OpenSlave(master);
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using SafeFileHandle changes = Inotify.Create();
        Inotify.AddWatch(changes, Path.GetDirectoryName(draft)!, InotifyEvents.IN_CREATE | InotifyEvents.IN_MOVED_TO);
        int pid = runtime.StartExec(
            runtime.LogArguments(draft + ".log"), ["--pid-file", draft + ".pid", "--process", draft + ".json", definition.Id],
            new SpawnStreams(slave, nothing, nothing), SpawnFlags.POSIX_SPAWN_SETSID, master);
        using SafeFileHandle process = Linux.Processes.PidfdOpen(pid);
        using SafeFileHandle epoll = Epoll.Create();
        Epoll.Add(epoll, changes, EpollEvents.EPOLLIN, token: 0);
        Epoll.Add(epoll, process, EpollEvents.EPOLLIN, ItEnded);
        Span<EpollEvent> events = stackalloc EpollEvent[2];
        bool hasEnded = false;
        while (!hasEnded && !File.Exists(draft + ".pid"))
        {
            foreach (EpollEvent item in events[..Epoll.Wait(epoll, events)])
            {
                hasEnded |= item.Token == ItEnded;
            }

            Inotify.Drain(changes);
        }

        if (hasEnded && Waiting.Wait(pid).ExitCode != 0 && RuntimeFailure.Read(draft + ".log") is EngineException failure)
        {
            throw failure;
        }
    }

    private int PidOf(ContainerDefinition definition) => StatusReport.TryRead(_store.PathOf(definition.Id)) switch
    {
        { State: "running", Pid: > 0 } running => running.Pid,
        { State: "paused" } => throw new EngineException(
            FailureKind.Conflict, $"the container {definition.Name} is paused", $"`cdock unpause {definition.Name}` lets it go on"),
        { State: "restarting" } => throw new EngineException(FailureKind.Conflict, $"the container {definition.Name} is restarting", "wait until it runs"),
        _ => throw new EngineException(FailureKind.Conflict, $"the container {definition.Name} is not running", $"`cdock start {definition.Name}` starts it"),
    };

    private static ProcessConfig ProcessOf(ExecRequest request, string directory, int init)
    {
        ProcessConfig own = ProcessConfig.ReadOfContainer(Path.Join(directory, "config.json"))!;
        ImmutableArray<string> all = Capabilities.Choose(
            new RunRequest { Root = new RootRequest.Host(), Privileged = request.Privileged }, Capabilities.Held());

        // The container's own files, as it sees them: init's root, by way of the kernel.
        UserConfig user = request.User is string name ? UserDatabase.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{init}/root")).Find(name, []) : own.User;
        ImmutableArray<string> bounding = request.Privileged ? all : own.Capabilities?.Bounding ?? [];
        return own with
        {
            Terminal = request.Tty,
            Args = request.Command,
            Env = [.. own.Env.Where(theirs => !request.Environment.Any(one => SameName(one, theirs))), .. request.Environment],
            Cwd = request.WorkingDirectory ?? own.Cwd,
            User = user,
            Capabilities = new CapabilitiesConfig
            {
                Bounding = bounding,
                Effective = user.Uid == 0 ? bounding : [],
                Permitted = user.Uid == 0 ? bounding : [],
            },
        };
    }

    private static bool SameName(string one, string other)
        => one.AsSpan(0, one.IndexOf('=') + 1).SequenceEqual(other.AsSpan(0, other.IndexOf('=') + 1));
}
