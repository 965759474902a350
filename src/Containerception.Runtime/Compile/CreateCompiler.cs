using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What the compiler of a new container needs beside its bundle.</summary>
internal sealed record CreateSettings
{
    public required string Id { get; init; }

    public required NamespacePlan Namespaces { get; init; }

    /// <summary>The caller is root in this machine's eyes.</summary>
    public required bool Privileged { get; init; }

    public required bool NoPivot { get; init; }

    public required bool NewKeyring { get; init; }

    /// <summary>Descriptors of the caller that the program gets.</summary>
    public required IReadOnlyList<int> Preserved { get; init; }

    /// <summary>Descriptors of <c>tasks</c> files to which the child writes itself: v1.</summary>
    public required IReadOnlyList<SafeFileHandle> CgroupEntries { get; init; }

    /// <summary>systemd puts the child into its groups, before all else.</summary>
    public required bool AsksForGroup { get; init; }

    public required SeccompFilter? Filter { get; init; }

    public required IReadOnlyList<string> Environment { get; init; }

    /// <summary>The fifo on which the child waits for start; null when it goes on at once.</summary>
    public required SafeFileHandle? Fifo { get; init; }

    /// <summary>The state document, for hooks that run inside.</summary>
    public required SafeFileHandle State { get; init; }

    /// <summary>Where the hooks that run inside write.</summary>
    public required HookOutput HookOutput { get; init; }

    /// <summary>The lock, which the child drops.</summary>
    public required SafeFileHandle Lock { get; init; }

    /// <summary>The child's end of the conversation.</summary>
    public required SafeFileHandle ChildSync { get; init; }

    /// <summary>The parent's end of the conversation: held by the child too, it would never hear that the parent is gone.</summary>
    public required SafeFileHandle ParentSync { get; init; }

    public required WindowSize? TerminalSize { get; init; }

    /// <summary>The child waits for the parent once all but the last steps are done.</summary>
    public required bool SaysReady { get; init; }

    public required ulong SignalMask { get; init; }

    /// <summary>See <see cref="CreateRequest.OpenFilesLimit"/>.</summary>
    public required ResourceLimit? OpenFilesLimit { get; init; }

    /// <summary>Others may be in the pid namespace before the user's program runs.</summary>
    public required bool MayBeSeen { get; init; }

    /// <summary>See <see cref="ExecStub"/>; null when ception itself runs from a file that cannot be written.</summary>
    public required SafeFileHandle? Stub { get; init; }
}

/// <summary>The child of create and run, from its first step to the user's program: the life of a container, in order.</summary>
internal static class CreateCompiler
{
    /// <returns>The slot of the second clone's pid; null when there is one clone.</returns>
    public static Slot? Compile(Compilation c, CreateSettings settings)
    {
        ProcessConfig process = c.Config.Process!;
        NamespacePlan namespaces = settings.Namespaces;
        c.Builder.Tell("start", "let go of the parent's lock", "it is the parent's alone");
        c.Builder.Close(c.Inherit(settings.Lock));
        c.Builder.Close(c.Inherit(settings.ParentSync));
        ProcessSteps.DieWithParent(c, die: true);
        if (settings.AsksForGroup)
        {
            Conversation.AskForGroup(c);
        }

        JoinCgroups(c, settings.CgroupEntries);
        if (!namespaces.Makes(CloneFlags.CLONE_NEWUSER))
        {
            ProcessSteps.SetLimits(c, process);
        }

        Slot? second = EnterNamespaces(c, settings);
        NamespaceSteps.Hide(c);
        if (namespaces.Makes(CloneFlags.CLONE_NEWCGROUP))
        {
            c.Builder.Tell("cgroup-namespace", "make a cgroup namespace", "the container's own group is the root that it sees: cgroup_namespaces(7)");
            c.Builder.Call(SyscallNumbers.SYS_unshare, (long)(ulong)CloneFlags.CLONE_NEWCGROUP);
        }

        Slot? labels = LabelSteps.OpenProc(c, process);
        ProcessSteps.NewSession(c, settings.Id, settings.NewKeyring, labels, process.SelinuxLabel);
        if (namespaces.Makes(CloneFlags.CLONE_NEWNET))
        {
            NamespaceSteps.RaiseLoopback(c);
        }

        if (!c.Linux.NetDevices.IsEmpty)
        {
            c.Builder.Tell("net-devices", "wait for the network devices", "linux.netDevices: only who is in both network namespaces can move them");
            Conversation.Say(c, SyncMessage.NetDevicesPlease, wait: true);
        }

        NamespaceSteps.SetNames(c);
        SysctlSteps.Add(c, namespaces);
        Slot state = c.Inherit(settings.State);
        if (namespaces.Has(CloneFlags.CLONE_NEWNS))
        {
            BuildRoot(c, settings, process, state);
        }
        else
        {
            UseRoot(c, settings, process, state);
        }

        BecomeProgram(c, settings, process, state, labels);
        return second;
    }

    private static void JoinCgroups(Compilation c, IReadOnlyList<SafeFileHandle> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        c.Builder.Tell("cgroup", "join the control groups", "limits hold from the first instruction on; a single thread that writes itself waits for nobody");
        nint self = c.Memory.Copy("0"u8);
        foreach (SafeFileHandle entry in entries)
        {
            c.Builder.Call(SyscallNumbers.SYS_write, c.Inherit(entry), self, 1);
        }
    }

    private static Slot? EnterNamespaces(Compilation c, CreateSettings settings)
    {
        NamespacePlan plan = settings.Namespaces;
        if (!plan.NeedsTwoClones)
        {
            if (plan.Joins(CloneFlags.CLONE_NEWPID))
            {
                NamespaceSteps.Hide(c);
            }

            if (plan.Makes(CloneFlags.CLONE_NEWUSER))
            {
                NamespaceSteps.TakeIdentity(c);
            }

            NamespaceSteps.Join(c, plan, settings.Privileged);
            return null;
        }

        NamespaceSteps.Join(c, plan, settings.Privileged);
        if (plan.Makes(CloneFlags.CLONE_NEWUSER))
        {
            c.Builder.Tell("user-namespace", "make a user namespace", "root of it has rights over the container, and none outside: user_namespaces(7)");
            c.Builder.Call(SyscallNumbers.SYS_unshare, (long)(ulong)CloneFlags.CLONE_NEWUSER);
            NamespaceSteps.TakeIdentity(c);
        }

        if (plan.Makes(CloneFlags.CLONE_NEWTIME))
        {
            NamespaceSteps.MakeTime(c);
        }

        NamespaceSteps.Hide(c);
        Slot pid = NamespaceSteps.CloneAgain(c, plan.Made & NamespaceSteps.ByClone & ~CloneFlags.CLONE_NEWUSER);
        ProcessSteps.DieWithParent(c, die: true);
        return pid;
    }

    private static void BuildRoot(Compilation c, CreateSettings settings, ProcessConfig process, Slot state)
    {
        c.Builder.Tell("umask", "clear the umask", "files get the modes that are asked for");
        c.Builder.Call(SyscallNumbers.SYS_umask, 0);
        MountLabels.Check(c);
        Slot? mask = RootfsSteps.Prepare(c);
        IReadOnlyList<Slot> unsealed = MountSteps.Add(c);
        if (DeviceSteps.Wanted(c.Config))
        {
            DeviceSteps.Add(c, bindFromHost: settings.Namespaces.Has(CloneFlags.CLONE_NEWUSER) || !Namespaces.IsInitialUser);
        }

        Slot? terminal = null;
        if (process.Terminal)
        {
            terminal = TerminalSteps.Open(c, c.Root, settings.TerminalSize);
            TerminalSteps.BindConsole(c, terminal.Value);
        }

        c.Builder.Tell("cwd", "make the directory {0} where it is missing", "process.cwd", process.Cwd);
        c.Builder.Close(c.OpenTarget(Compilation.Clean(process.Cwd), directory: true));
        ProtectionSteps.Add(c, mask);
        MountSteps.Seal(c, unsealed);
        RunHooks(c, settings, state);
        RootfsSteps.Enter(c, !settings.NoPivot);
        RootfsSteps.Seal(c);
        Streams(c, process, terminal);
    }

    /// <summary>Without a mount namespace there is nothing to mount on but the host's own tree: only a change of root is left.</summary>
    private static void UseRoot(Compilation c, CreateSettings settings, ProcessConfig process, Slot state)
    {
        if (c.Config.Mounts.Length > 0 || c.Linux.MaskedPaths.Length > 0 || c.Linux.ReadonlyPaths.Length > 0 || c.Config.Root!.Readonly || c.Linux.Devices.Length > 0)
        {
            throw new ContainerException(
                FailureKind.Invalid, "mounts, devices, maskedPaths, readonlyPaths and root.readonly need a mount namespace", "add {\"type\": \"mount\"} to linux.namespaces");
        }

        RunHooks(c, settings, state);
        c.Builder.Tell("rootfs", "change the root to {0}", "there is no mount namespace to pivot in: chroot(2)", c.Bundle.Rootfs);
        Arg path = c.Builder.Text(c.Bundle.Rootfs);
        c.Root = c.Builder.Take(SyscallNumbers.SYS_openat, -100, path, Compilation.ToNative(OpenFlags.O_PATH | OpenFlags.O_CLOEXEC | OpenFlags.O_DIRECTORY), 0);
        Slot? terminal = process.Terminal ? TerminalSteps.Open(c, c.Root, settings.TerminalSize) : null;
        if (c.Bundle.Rootfs != "/")
        {
            c.Builder.Call(SyscallNumbers.SYS_chroot, path);
        }

        c.Builder.Call(SyscallNumbers.SYS_chdir, c.Builder.Text("/"));
        Streams(c, process, terminal);
    }

    private static void RunHooks(Compilation c, CreateSettings settings, Slot state)
    {
        if (c.Config.Hooks is not { } hooks)
        {
            return;
        }

        if (hooks.Prestart.Length + hooks.CreateRuntime.Length + hooks.CreateContainer.Length + hooks.StartContainer.Length > 0)
        {
            c.Builder.Tell("hooks", "wait for the hooks outside", "prestart and createRuntime run in the runtime's namespaces");
            Conversation.Say(c, SyncMessage.HooksPlease, wait: true);
        }

        HookSteps.Add(c, "createContainer", hooks.CreateContainer, state, settings.HookOutput, isHeard: true);
    }

    private static void Streams(Compilation c, ProcessConfig process, Slot? terminal)
    {
        if (terminal is { } slave)
        {
            TerminalSteps.Take(c, slave, process.User.Uid);
        }
        else
        {
            ProcessSteps.OwnStreams(c, process);
        }
    }

    private static void BecomeProgram(Compilation c, CreateSettings settings, ProcessConfig process, Slot state, Slot? labels)
    {
        SchedulingSteps.Add(c, process, affinity: null);
        if (settings.OpenFilesLimit is { } limit)
        {
            ProcessSteps.LimitOpenFiles(c, process, limit);
        }

        Slot changed = ProcessSteps.ChangeDirectory(c, process.Cwd);
        LabelSteps.Apply(c, labels, process);
        if (settings.MayBeSeen)
        {
            HostDescriptors.Close(
                c, settings.Preserved, settings.ChildSync, settings.Fifo, settings.State, settings.HookOutput.Stdout, settings.HookOutput.Stderr, settings.Stub);
        }

        ProcessSteps.BecomeUser(c, process, settings.Filter, changed);
        Slot program = ProcessSteps.FindProgram(c, process, ProcessEnvironment.Candidates(process.Args[0], settings.Environment));

        // Before the parent may end: from here on an end of file where Go should come says that it is gone.
        ProcessSteps.DieWithParent(c, die: false);
        if (settings.SaysReady)
        {
            c.Builder.Tell("ready", "tell ception that the container is made", "what can fail was done: its state can be saved");
            Conversation.Say(c, SyncMessage.Ready, wait: true);
        }

        if (settings.Fifo is { } fifo)
        {
            c.Builder.Tell("wait", "wait for start", "create and start are two steps, so that others can act in between");
            c.Builder.Close(c.Sync);
            c.Builder.Call(SyscallNumbers.SYS_read, c.Inherit(fifo), c.Memory.Reserve(1), 1);
        }

        HookSteps.Add(c, "startContainer", c.Config.Hooks?.StartContainer ?? [], state, settings.HookOutput, isHeard: settings.Fifo is null);
        ProcessSteps.Execute(c, process, settings.Environment, program, settings.Filter, settings.Preserved, settings.SignalMask, settings.Stub, reports: settings.Fifo is null);
    }
}
