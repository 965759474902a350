using System.Collections.Immutable;
using System.Globalization;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Any other OCI runtime, by its command line: runc, crun, runsc. We are the subreaper to whom its <c>create</c> leaves the program.</summary>
internal sealed class OtherRunner : IContainerRunner
{
    private readonly SupervisePlan _plan;
    private readonly DescriptorLimit _limit;
    private readonly string _program;
    private readonly string _log;
    private ImmutableSortedDictionary<string, string> _cgroupPaths = ImmutableSortedDictionary<string, string>.Empty;

    public OtherRunner(SupervisePlan plan, DescriptorLimit limit)
    {
        _plan = plan;
        _limit = limit;
        _program = plan.Runtime!;
        _log = Path.Join(plan.Directory, "runtime.log");
        Prctl.IsChildSubreaper = true;
    }

    public StartedProgram Start(ProgramEnds? ends)
    {
        string pidFile = Path.Join(_plan.Directory, "pid");

        // An address has 108 bytes, and the directory's name may be longer: whoever may connect may look into our descriptors too.
        using SafeFileHandle directory = Files.Open(_plan.Directory, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        string socketPath = string.Create(CultureInfo.InvariantCulture, $"/proc/{Processes.GetPid()}/fd/{directory.DangerousGetHandle()}/console.sock");
        Files.TryUnlinkAt(Descriptor.WorkingDirectory, _log);
        using SafeFileHandle? console = _plan.Tty ? Listen(socketPath) : null;
        string[] create = ["create", "--bundle", _plan.Directory, "--pid-file", pidFile, .. console is null ? (string[])[] : ["--console-socket", socketPath], _plan.Id];
        Call(create, ends);
        try
        {
            int pid = int.Parse(FileContents.ReadText(Descriptor.WorkingDirectory, pidFile, 64).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
            _cgroupPaths = Cgroup.PathsOf(CgroupLayout.Detect(), pid);
            SafeFileHandle? terminal = console is null ? null : TakeTerminal(console);
            Call(["start", _plan.Id], ends: null);
            return new StartedProgram(pid, terminal);
        }
        catch
        {
            Delete();
            throw;
        }
    }

    public void Kill(Signal signal) => Call(["kill", _plan.Id, ((int)signal).ToString(CultureInfo.InvariantCulture)], ends: null);

    public void Pause() => Call(["pause", _plan.Id], ends: null);

    public void Resume() => Call(["resume", _plan.Id], ends: null);

    public long OomKills()
    {
        using Cgroup cgroup = Cgroup.Load(_cgroupPaths);
        return cgroup.OomKills();
    }

    public void Delete() => Run(["delete", "--force", _plan.Id], ends: null);

    public string[] ExecLine(string pidFile, IReadOnlyList<string> command)
        => [_program, "--root", _plan.RuntimeRoot, "exec", "--detach", "--pid-file", pidFile, _plan.Id, .. command];

    private void Call(IReadOnlyList<string> arguments, ProgramEnds? ends)
    {
        if (Run(arguments, ends) != 0)
        {
            throw new RuntimeLogException();
        }
    }

    private int Run(IReadOnlyList<string> arguments, ProgramEnds? ends)
    {
        string[] line = [_program, "--root", _plan.RuntimeRoot, "--log", _log, "--log-format", "json", .. arguments];
        int pid = _limit.Start(() => Spawning.PosixSpawn(_program, line, ProcessVariables.All(), ends?.Input, ends?.Output, ends?.Error));
        return Waiting.Wait(pid).ExitCode;
    }

    private static SafeFileHandle Listen(string path)
    {
        Files.TryUnlinkAt(Descriptor.WorkingDirectory, path);
        SafeFileHandle socket = UnixSockets.Create(UnixSocketType.SOCK_STREAM);
        UnixSockets.Bind(socket, path);
        UnixSockets.Listen(socket, backlog: 1);
        return socket;
    }

    // create has ended well: it has connected and sent the master, which waits in the socket.
    private SafeFileHandle TakeTerminal(SafeFileHandle console)
    {
        Descriptors.SetNonBlocking(console, true);
        using SafeFileHandle connection = UnixSockets.Accept(console)
            ?? throw new ContainerException(FailureKind.System, $"{_program} create has not sent the terminal to --console-socket");
        Span<byte> name = stackalloc byte[256];
        SocketMessages.Receive(connection, name, out SafeFileHandle[] descriptors);
        SafeFileHandle terminal = descriptors.Length > 0
            ? descriptors[0]
            : throw new ContainerException(FailureKind.System, $"{_program} create has sent no descriptor to --console-socket");
        if (_plan is { Rows: > 0, Columns: > 0 })
        {
            Terminals.SetSize(terminal, new WindowSize(_plan.Rows, _plan.Columns));
        }

        return terminal;
    }
}

/// <summary>A runtime failed; its log says why, and whoever started the container reads it there.</summary>
internal sealed class RuntimeLogException() : Exception("the runtime failed: see runtime.log");
