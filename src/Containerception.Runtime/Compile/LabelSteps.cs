using System.Text;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>process.apparmorProfile and process.selinuxLabel: what the program of the next execve is confined by.</summary>
internal static class LabelSteps
{
    private const string AppArmorFile = "self/attr/apparmor/exec";
    private const string SelinuxFile = "self/attr/exec";
    private const string KeysFile = "self/attr/keycreate";

    /// <summary>Something is asked for. "unconfined" is what a process is without AppArmor.</summary>
    public static bool Wanted(ProcessConfig process) => AppArmorOf(process) is not null || process.SelinuxLabel is { Length: > 0 };

    /// <summary>
    /// Opens a procfs that is ours: the one in the container may be anything, and a label written into another file confines nothing (CVE-2019-16884,
    /// CVE-2025-52881). A new one that shows processes alone; where the kernel refuses that, in a user namespace that sees only a masked one, a copy
    /// of what is at /proc without what was mounted over its files, which must be a procfs.
    /// </summary>
    /// <returns>Null when there is nothing to label.</returns>
    public static Slot? OpenProc(Compilation c, ProcessConfig process)
    {
        if (!Wanted(process))
        {
            return null;
        }

        Check(process);
        ProgramBuilder b = c.Builder;
        b.Tell("labels", "mount a /proc of our own", "a label that is written into a file that the container made up confines nothing (CVE-2025-52881)");
        Slot proc = b.NewSlot();
        Label copy = b.NewLabel();
        Label done = b.NewLabel();
        Slot context = b.NewSlot();
        b.Call(SyscallNumbers.SYS_fsopen, b.Text("proc"), 1).Unless(Errno.EPERM).Otherwise(copy).Into(context);
        b.Call(SyscallNumbers.SYS_fsconfig, context, (uint)FsConfigCommand.FSCONFIG_SET_STRING, b.Text("subset"), b.Text("pid"), 0);
        b.Call(SyscallNumbers.SYS_fsconfig, context, (uint)FsConfigCommand.FSCONFIG_CMD_CREATE, 0, 0, 0).Unless(Errno.EPERM).Otherwise(copy);
        b.Call(SyscallNumbers.SYS_fsmount, context, 1, (ulong)(MountAttributes.MOUNT_ATTR_NOSUID | MountAttributes.MOUNT_ATTR_NODEV | MountAttributes.MOUNT_ATTR_NOEXEC))
            .Unless(Errno.EPERM).Otherwise(copy).Into(proc);
        b.Jump(done);
        b.Mark(copy);
        b.Call(SyscallNumbers.SYS_open_tree, -100, b.Text("/proc"), (uint)(OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC)).Into(proc);
        b.Mark(done);
        c.VerifyFileSystem(proc, FileSystemMagic.PROC_SUPER_MAGIC, Errno.ENODEV);
        return proc;
    }

    /// <summary>New keys, the session keyring first of all, get the process's SELinux label; with null no longer.</summary>
    public static void LabelKeys(Compilation c, Slot? proc, string? label)
    {
        if (proc is { } opened)
        {
            c.Builder.Tell("keyring", label is { } given ? "label the keyring {0}" : "label no other key", "process.selinuxLabel", label);
            Write(c, opened, KeysFile, label ?? "");
        }
    }

    /// <summary>Takes hold at the next execve. Before a filter is loaded that may forbid it, and before no_new_privs, which forbids more.</summary>
    public static void Apply(Compilation c, Slot? proc, ProcessConfig process)
    {
        if (proc is not { } opened)
        {
            return;
        }

        if (AppArmorOf(process) is { } profile)
        {
            c.Builder.Tell("apparmor", "confine the program by the AppArmor profile {0}", "process.apparmorProfile", profile, failure: Failure("AppArmor profile", AppArmorFile));
            Write(c, opened, AppArmorFile, "exec " + profile);
        }

        if (process.SelinuxLabel is { Length: > 0 } label)
        {
            c.Builder.Tell("selinux", "label the program {0}", "process.selinuxLabel", label, failure: Failure("SELinux label", SelinuxFile));
            Write(c, opened, SelinuxFile, label);
        }

        c.Builder.Close(opened);
    }

    private static void Check(ProcessConfig process)
    {
        if (AppArmorOf(process) is not null && !SecurityModules.HasAppArmor())
        {
            throw new ContainerException(
                FailureKind.Unsupported, "process.apparmorProfile: apparmor: config provided but apparmor not supported",
                "AppArmor is off on this machine (/sys/module/apparmor/parameters/enabled): remove the profile, or boot with apparmor=1");
        }

        if (process.SelinuxLabel is { Length: > 0 } && !SecurityModules.HasSelinux())
        {
            throw new ContainerException(
                FailureKind.Unsupported, "process.selinuxLabel: selinux label is specified in config, but selinux is disabled or not supported",
                "SELinux is off on this machine (nothing is mounted at /sys/fs/selinux): remove the label");
        }
    }

    private static string? AppArmorOf(ProcessConfig process)
        => process.ApparmorProfile is { Length: > 0 } profile && (profile != "unconfined" || SecurityModules.HasAppArmor()) ? profile : null;

    /// <summary>podman looks for the file's name in these quotes.</summary>
    private static string Failure(string what, string file) => $"apply the {what} \"{{0}}\": write to `/proc/{file}`";

    private static void Write(Compilation c, Slot proc, string file, string text)
    {
        ProgramBuilder b = c.Builder;
        nint how = c.OpenHow(OpenFlags.O_WRONLY, ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_XDEV | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        Slot opened = b.Take(SyscallNumbers.SYS_openat2, proc, b.Text(file), how, Compilation.OpenHowSize);
        b.Call(SyscallNumbers.SYS_write, opened, b.Text(text), Encoding.UTF8.GetByteCount(text));
        b.Close(opened);
    }
}
