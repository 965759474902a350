using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A container that was made: its init runs, or waits for start.</summary>
internal sealed record CreatedContainer(InitChild Init, SavedState State, RuntimeConfig Config, SafeFileHandle? Terminal) : IDisposable
{
    /// <summary>Listens for the program's readiness, where somebody wants to know and it runs already.</summary>
    public NotifyProxy? Notify { get; init; }

    public void Dispose()
    {
        Notify?.Dispose();
        Terminal?.Dispose();
        Init.Dispose();
    }
}

/// <summary>Makes one container of one bundle.</summary>
/// <param name="root">The state directory.</param>
/// <param name="listener">Is told the steps.</param>
/// <param name="warn">Is told what is left out of the configuration.</param>
/// <param name="clock">The time of creation.</param>
internal sealed class Creator(string root, Action<StepRecord>? listener, Action<string>? warn, TimeProvider clock)
{
    /// <summary>Makes the container; the caller disposes what is returned.</summary>
    /// <param name="bundle">Of what it is made.</param>
    /// <param name="filter">What was compiled of its profile.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="waitsForStart">As create; else the program runs when this returns.</param>
    /// <param name="signalMask">The mask that the program gets.</param>
    public CreatedContainer Create(Bundle bundle, SeccompFilter? filter, CreateRequest request, bool waitsForStart, ulong signalMask)
    {
        int activated = SocketActivation.Count();
        request = request with { PreserveFds = activated + request.PreserveFds };
        IReadOnlyList<int> preserved = PreservedDescriptors.Find(request.PreserveFds);
        if (activated > 0)
        {
            bundle = bundle.With(WithVariables(bundle.Config, SocketActivation.Variables(activated)));
        }

        if (!request.KeepsTerminal)
        {
            CallerTerminal.Check(bundle.Config.Process!, detached: waitsForStart || request.Detach, request.ConsoleSocket);
        }

        NamespacePlan namespaces = NamespacePlan.Of(bundle.Linux);
        bool privileged = Credentials.EffectiveUid == 0;
        Undo undo = new();
        using StateDirectory directory = Steps.Do(
            "state", "claim the name", "one container has it", () => $"mkdirat(\"{root}/{request.Id}\"); flock()", () => StateDirectory.Claim(root, request.Id));
        try
        {
            undo.Record(directory.Remove);
            NotifyProxy? notify = null;
            if (request.NotifySocket is { } manager)
            {
                directory.MakeNotifyDirectory();
                bundle = bundle.With(NotifyProxy.Announce(bundle.Config, directory.NotifyPath));
                notify = waitsForStart ? null : NotifyProxy.Open(directory, manager, warn);
                undo.Push(() => notify?.Dispose());
            }

            using ContainerCgroup cgroup = ContainerCgroup.Plan(bundle.Config, request);
            Cgroup.RefuseUsed(cgroup.Paths);
            SavedState state = NewState(bundle, request, namespaces, cgroup);
            Steps.Do("state", "save the configuration and the state", "whoever comes later, or after a crash, finds what there is", () => "openat(); write(); renameat2()", () =>
            {
                directory.SaveConfig(bundle.Document);
                directory.Save(state);
            });
            Steps.Do("cgroup-limits", "make the control groups, and set their limits", "they hold before anything of the container runs", cgroup.Describe, () => Made(cgroup, undo));
            state = state with { CgroupPaths = cgroup.MadePaths, Rdt = cgroup.Rdt };
            return Start(bundle, filter, request, namespaces, privileged, directory, cgroup, state, preserved, waitsForStart, signalMask, undo) with { Notify = notify };
        }
        catch (Exception failure)
        {
            undo.TakeBack(failure);
            throw;
        }
    }

    private CreatedContainer Start(
        Bundle bundle, SeccompFilter? filter, CreateRequest request, NamespacePlan namespaces, bool privileged, StateDirectory directory, ContainerCgroup cgroup, SavedState state, IReadOnlyList<int> preserved, bool waitsForStart,
        ulong signalMask, Undo undo)
    {
        long planning = Steps.Begin();
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using SafeFileHandle? fifo = waitsForStart ? directory.MakeFifo() : null;
        using SafeFileHandle stateFile = MemoryFiles.Create("state");
        using HookOutput hookOutput = HookOutput.Open(bundle.Config, bundle.Directory);
        using SafeFileHandle? stub = Sealing.NeedsStub(bundle, filter, waitsForStart) ? ExecStub.Make(waitsForStart ? ExecStub.NoReport : (int)theirs.DangerousGetHandle()) : null;
        bool isolated = namespaces.Has(CloneFlags.CLONE_NEWUSER);
        using BindSources sources = new(bundle.Linux, privileged, isolated, all: privileged && isolated, () => namespaces.OpenJoined(CloneFlags.CLONE_NEWUSER));
        using Compilation compilation = new(bundle, ProgramMemory.SizeFor(bundle.Document), theirs)
        {
            Sources = sources,
            MakesCgroupNamespace = namespaces.Makes(CloneFlags.CLONE_NEWCGROUP),
            CgroupMounts = cgroup.Mounts(),
            Warn = warn,
        };
        bool told = listener is not null;
        CreateSettings settings = new()
        {
            Id = request.Id,
            Namespaces = namespaces,
            Privileged = privileged,
            NoPivot = request.NoPivot,
            NewKeyring = !request.NoNewKeyring,
            Preserved = preserved,
            CgroupEntries = cgroup.Entries,
            AsksForGroup = cgroup.Unit is not null,
            Filter = filter,
            Environment = ProcessEnvironment.Compose(bundle.Config.Process!.Env, bundle.Config.Process.User.Uid, () => OpenPasswd(bundle.Rootfs)),
            Fifo = fifo,
            State = stateFile,
            HookOutput = hookOutput,
            Lock = directory.Handle,
            ChildSync = theirs,
            ParentSync = ours,
            TerminalSize = request.TerminalSize ?? CallerTerminal.Size(bundle.Config.Process),
            SaysReady = waitsForStart || told,
            SignalMask = signalMask,
            OpenFilesLimit = request.OpenFilesLimit,
            MayBeSeen = waitsForStart || !namespaces.Makes(CloneFlags.CLONE_NEWPID) || bundle.Config.Hooks is { StartContainer.Length: > 0 },
            Stub = stub,
        };
        Slot? second = CreateCompiler.Compile(compilation, settings);
        CompiledProgram program = compilation.Builder.Finish(clock: told);
        Steps.End(planning, "plan", "decide every step to the program", "once it is cloned, the child can only play what is written", () => "");
        CloneFlags flags = namespaces.NeedsTwoClones ? 0 : namespaces.Made & NamespaceSteps.ByClone;
        InitChild init = Steps.Do(
            "clone", "make the container's first process", "it is born in its namespaces: clone3(2)", () => $"clone3({flags})",
            () => InPidNamespace(namespaces, () => InitChild.Clone(flags, program, second, ours, theirs, cgroup.BirthPlace)));
        undo.Push(init.Kill);
        CreateConversation conversation = new(init, program, bundle, request, directory, stateFile, listener)
        {
            Undo = undo,
            Cgroup = cgroup,
            Filter = filter,
            FilterSlot = compilation.Listener,
            HookOutput = hookOutput,
        };
        SavedState saved = conversation.Hold(state, privileged);
        undo.Keep();
        conversation.NetDevices?.Dispose();
        return new CreatedContainer(init, saved, bundle.Config, conversation.Terminal);
    }

    private HostSteps Steps => new(listener);

    private static ContainerCgroup Made(ContainerCgroup cgroup, Undo undo)
    {
        cgroup.Make(undo);
        return cgroup;
    }

    private static RuntimeConfig WithVariables(RuntimeConfig config, ImmutableArray<string> variables)
        => config with { Process = config.Process! with { Env = config.Process!.Env.AddRange(variables) } };

    private SavedState NewState(Bundle bundle, CreateRequest request, NamespacePlan namespaces, ContainerCgroup cgroup) => new()
    {
        Id = request.Id,
        OciVersion = bundle.Config.OciVersion,
        Bundle = bundle.Directory,
        Rootfs = bundle.Rootfs,
        Created = clock.GetUtcNow(),
        OwnerUid = Credentials.EffectiveUid,
        CgroupPaths = cgroup.Paths,
        Unit = cgroup.Unit,
        Annotations = bundle.Config.Annotations,
        Namespaces = namespaces.All,
        OwnsPids = namespaces.Makes(CloneFlags.CLONE_NEWPID),
        NoPivot = request.NoPivot,
        NoNewKeyring = request.NoNewKeyring,
    };

    /// <summary>
    /// A joined pid namespace is for children: we join it, clone, and leave it again. A hook that is cloned in it would show the host's root
    /// and descriptors in /proc/PID to whoever has CAP_SYS_PTRACE there (CVE-2016-9962).
    /// </summary>
    private static InitChild InPidNamespace(NamespacePlan namespaces, Func<InitChild> clone)
    {
        using SafeFileHandle? joined = namespaces.NeedsTwoClones ? null : namespaces.OpenJoined(CloneFlags.CLONE_NEWPID);
        if (joined is null)
        {
            return clone();
        }

        using SafeFileHandle own = Files.Open("/proc/self/ns/pid", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);

        // The child is seen there from its first instruction on.
        Prctl.IsDumpable = false;
        Namespaces.SetNs(joined, NamespaceFlags.CLONE_NEWPID);
        try
        {
            return clone();
        }
        finally
        {
            Namespaces.SetNs(own, NamespaceFlags.CLONE_NEWPID);
        }
    }

    private static SafeFileHandle? OpenPasswd(string rootfs)
    {
        using SafeFileHandle directory = Files.Open(rootfs, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC);
        return ContainerFile.TryOpen(directory, "etc/passwd");
    }
}
