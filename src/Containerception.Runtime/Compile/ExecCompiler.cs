using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What the compiler of an exec needs.</summary>
internal sealed record ExecSettings
{
    public required string Id { get; init; }

    public required ProcessConfig Process { get; init; }

    /// <summary>The container's init, whose namespaces are joined.</summary>
    public required SafeFileHandle InitPidfd { get; init; }

    public required CloneFlags Namespaces { get; init; }

    /// <summary>The container's root, where no mount namespace has it for its own: it was moved to, or there is no such namespace.</summary>
    public required SafeFileHandle? Root { get; init; }

    public required IReadOnlyList<SafeFileHandle> CgroupEntries { get; init; }

    /// <summary>systemd puts the child into the container's groups, before all else.</summary>
    public required bool AsksForGroup { get; init; }

    public required SeccompFilter? Filter { get; init; }

    public required IReadOnlyList<string> Environment { get; init; }

    public required SafeFileHandle Lock { get; init; }

    /// <summary>The child's end of the conversation.</summary>
    public required SafeFileHandle ChildSync { get; init; }

    /// <summary>The parent's end of the conversation.</summary>
    public required SafeFileHandle ParentSync { get; init; }

    public required WindowSize? TerminalSize { get; init; }

    public required bool NewKeyring { get; init; }

    /// <summary>Descriptors of the caller that the program gets.</summary>
    public required IReadOnlyList<int> Preserved { get; init; }

    public required ulong SignalMask { get; init; }
}

/// <summary>The child of exec: a process that joins a container that is there.</summary>
internal static class ExecCompiler
{
    /// <returns>The slot of the second clone's pid; null when there is one clone.</returns>
    public static Slot? Compile(Compilation c, ExecSettings settings)
    {
        ProcessConfig process = settings.Process;
        c.Builder.Tell("start", "let go of what is the parent's", "its lock, and its end of the conversation");
        c.Builder.Close(c.Inherit(settings.Lock));
        c.Builder.Close(c.Inherit(settings.ParentSync));
        ProcessSteps.DieWithParent(c, die: true);
        if (settings.AsksForGroup)
        {
            Conversation.AskForGroup(c);
        }

        // Limits above the caller's own are for the host's root to set, before it is only the container's.
        ProcessSteps.SetLimits(c, process);
        NamespaceSteps.Hide(c);
        Slot[] entries = [.. settings.CgroupEntries.Select(c.Inherit)];
        Slot? second = Join(c, settings);
        JoinCgroups(c, entries);
        SchedulingSteps.Add(c, process, process.ExecCpuAffinity?.Final);
        Slot? labels = LabelSteps.OpenProc(c, process);
        ProcessSteps.NewSession(c, settings.Id, settings.NewKeyring, labels, process.SelinuxLabel);
        if (process.Terminal)
        {
            Slot terminal = TerminalSteps.Open(c, -100, settings.TerminalSize);
            TerminalSteps.Take(c, terminal, process.User.Uid);
        }
        else
        {
            ProcessSteps.OwnStreams(c, process);
        }

        Slot changed = ProcessSteps.ChangeDirectory(c, process.Cwd);
        LabelSteps.Apply(c, labels, process);
        ProcessSteps.BecomeUser(c, process, settings.Filter, changed);
        Slot program = ProcessSteps.FindProgram(c, process, ProcessEnvironment.Candidates(process.Args[0], settings.Environment));
        ProcessSteps.DieWithParent(c, die: false);
        ProcessSteps.Execute(c, process, settings.Environment, program, settings.Filter, settings.Preserved, settings.SignalMask, stub: null, reports: false);
        return second;
    }

    /// <summary>After the last clone: whoever enters a full group (pids.max) by himself is let in, who is cloned in it is not.</summary>
    private static void JoinCgroups(Compilation c, Slot[] entries)
    {
        c.Builder.Tell("cgroup", "join the container's control groups", "its limits hold for this process too");
        nint self = c.Memory.Copy("0"u8);
        foreach (Slot entry in entries)
        {
            c.Builder.Call(SyscallNumbers.SYS_write, entry, self, 1);
            c.Builder.Close(entry);
        }
    }

    /// <summary>
    /// The process that joins is not yet in the container's pid namespace: that is for children, and only its child, which has the container's
    /// root and nothing of the host's open, can be seen from inside. Who has CAP_SYS_PTRACE there would find the host's root in /proc/PID/root
    /// of an earlier one, hidden or not (CVE-2016-9962).
    /// </summary>
    private static Slot? Join(Compilation c, ExecSettings settings)
    {
        CloneFlags types = settings.Namespaces;
        if (types != 0)
        {
            NamespaceSteps.JoinProcess(c, settings.InitPidfd, types);
        }

        if (settings.Root is { } root)
        {
            c.Builder.Tell("root", "take the container's root", "it is not the mount namespace's own: --no-pivot, or no mount namespace at all");
            c.Builder.Call(SyscallNumbers.SYS_fchdir, c.Inherit(root));
            c.Builder.Call(SyscallNumbers.SYS_chroot, c.Builder.Text("."));
        }

        bool again = types.HasFlag(CloneFlags.CLONE_NEWPID) || types.HasFlag(CloneFlags.CLONE_NEWTIME);
        if (!again)
        {
            return null;
        }

        // What stays is the conversation, and the doors of the container's own groups.
        HostDescriptors.Close(c, settings.Preserved, [.. settings.CgroupEntries, settings.ChildSync]);
        Slot pid = NamespaceSteps.CloneAgain(c, 0);
        ProcessSteps.DieWithParent(c, die: true);
        return pid;
    }
}
