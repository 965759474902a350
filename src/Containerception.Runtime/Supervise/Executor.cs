using System.Globalization;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Runs one more process in a container that is there: exec.</summary>
internal sealed class Executor(string root, Action<StepRecord>? listener, Action<string>? warn)
{
    /// <returns>The exit status, 128 + signal for a signal; 0 when detached.</returns>
    public int Execute(ExecRequest request)
    {
        SealedBinary.Ensure();
        using Foreground? foreground = request.Detach ? null : Foreground.Begin();
        using InitChild child = Start(request, (foreground?.Before ?? Signals.Mask).Bits, out SafeFileHandle? terminal);
        using SafeFileHandle? held = terminal;
        return foreground?.Wait(child.Pid, child.Pidfd, terminal) ?? 0;
    }

    private InitChild Start(ExecRequest request, ulong signalMask, out SafeFileHandle? terminal)
    {
        IReadOnlyList<int> preserved = PreservedDescriptors.Find(request.PreserveFds);
        using StateDirectory directory = StateDirectory.Open(root, request.Id);
        directory.Lock();
        SavedState state = directory.Load();
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        CheckState(directory, state, cgroup, request);
        byte[] document = directory.LoadConfig();
        Bundle bundle = Bundle.Saved(state, document);
        ProcessConfig process = ExecProcess.Compose(bundle.Config.Process!, request);
        CheckInit(directory, state, bundle, process);
        CallerTerminal.Check(process, request.Detach, request.ConsoleSocket);
        using SafeFileHandle initPidfd = Processes.TryPidfdOpen(state.InitPid) ?? throw NotRunning();
        if (!ProcessTable.IsAlive(state.InitPid, state.InitStart))
        {
            throw NotRunning();
        }

        using ExecCgroup group = ExecCgroup.Open(state, request.Cgroups);
        if (process.ExecCpuAffinity?.Initial is { Length: > 0 } initial)
        {
            // What the child is until it is in the container's groups it has from us.
            Scheduling.SetAffinity(0, NumberList.Parse(initial));
        }

        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        SeccompFilter? filter = SeccompFilter.Compile(bundle.Config, root);
        using Compilation compilation = new(bundle, ProgramMemory.SizeFor(document), theirs) { Warn = warn };
        using SafeFileHandle? containerRoot = state.NoPivot || !state.Namespaces.HasFlag(CloneFlags.CLONE_NEWNS) ? OpenRoot(state.InitPid) : null;
        ExecSettings settings = new()
        {
            Id = request.Id,
            Process = process,
            InitPidfd = initPidfd,
            Namespaces = state.Namespaces,
            Root = containerRoot,
            CgroupEntries = group.Entries,
            AsksForGroup = group.IsPlaced,
            Filter = filter,
            Environment = ProcessEnvironment.Compose(process.Env, process.User.Uid, () => OpenPasswd(state.InitPid)),
            Lock = directory.Handle,
            ChildSync = theirs,
            ParentSync = ours,
            TerminalSize = CallerTerminal.Size(process),
            NewKeyring = !state.NoNewKeyring,
            Preserved = preserved,
            SignalMask = signalMask,
        };
        Slot? second = ExecCompiler.Compile(compilation, settings);
        CompiledProgram program = compilation.Builder.Finish(clock: listener is not null);

        // Nobody of the container is to look into the child, from its first instruction on.
        Prctl.IsDumpable = false;
        InitChild child = InitChild.Clone(0, program, second, ours, theirs, group.BirthPlace);
        if (request.IgnorePaused)
        {
            // The child may be frozen where it stands, and resume wants the lock.
            directory.Unlock();
        }

        try
        {
            terminal = Converse(child, process, request, group, () => filter!.SendListener(child, program, compilation.Listener!.Value, state));
            child.Tell(listener, all: true);
            return child;
        }
        catch
        {
            child.Kill();
            child.Dispose();
            throw;
        }
    }

    private static SafeFileHandle? Converse(InitChild child, ProcessConfig process, ExecRequest request, ExecCgroup group, Action sendListener)
    {
        SafeFileHandle? terminal = null;
        while (child.Listen("", out SafeFileHandle? descriptor) is { } message)
        {
            if (message == SyncMessage.GroupPlease)
            {
                group.Place(child.Pid);
                child.Go();
                continue;
            }

            if (message == SyncMessage.ListenerComes)
            {
                sendListener();
                continue;
            }

            if (message == SyncMessage.SchedulingPlease)
            {
                Priorities.Set(child.Pid, process);
                child.Go();
                continue;
            }

            if (message != SyncMessage.Terminal || descriptor is null)
            {
                throw new ContainerException(FailureKind.System, $"the new process said {message}, which makes no sense here");
            }

            terminal = descriptor;
            if (request.ConsoleSocket is { } socket)
            {
                using SafeFileHandle master = descriptor;
                CallerSockets.Send(socket, string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{Terminals.NumberOf(master)}"), master);
                terminal = null;
            }
        }

        if (request.PidFile is { } file)
        {
            PidFile.Write(file, child.Pid);
        }

        if (request.PidfdSocket is { } pidfdSocket)
        {
            CallerSockets.Send(pidfdSocket, "setns", child.Pidfd);
        }

        return terminal;
    }

    private static void CheckState(StateDirectory directory, SavedState state, Cgroup cgroup, ExecRequest request)
    {
        switch (ContainerLife.StatusOf(directory, state, cgroup))
        {
            case ContainerLife.Stopped:
                throw new ContainerException(FailureKind.Conflict, "cannot exec in a stopped container");
            case ContainerLife.Paused when !request.IgnorePaused:
                throw new ContainerException(FailureKind.Conflict, "cannot exec in a paused container (use --ignore-paused to override)");
        }
    }

    /// <summary>Init that waits for its start still is ception: who may trace could open its file, and write it once init is another program (CVE-2019-5736).</summary>
    private static void CheckInit(StateDirectory directory, SavedState state, Bundle bundle, ProcessConfig process)
    {
        if (directory.HasFifo && Sealing.Traces(bundle, process) && !SealedBinary.IsSealed(state.InitPid))
        {
            throw new ContainerException(
                FailureKind.Conflict, "cannot exec with CAP_SYS_PTRACE in a container that has not been started", "start it first, or give its own process the capability");
        }
    }

    private static ContainerException NotRunning() => new(FailureKind.Conflict, "cannot exec in a stopped container");

    private static SafeFileHandle OpenRoot(int pid)
        => Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/root"), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC);

    private static SafeFileHandle? OpenPasswd(int pid)
    {
        using SafeFileHandle containerRoot = OpenRoot(pid);
        return ContainerFile.TryOpen(containerRoot, "etc/passwd");
    }
}
