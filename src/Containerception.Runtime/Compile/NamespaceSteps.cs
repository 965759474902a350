using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The namespaces: those to join, those that clone3 cannot make, and the identity in a user namespace.</summary>
internal static class NamespaceSteps
{
    /// <summary>What clone3 itself makes. The cgroup namespace is made after the groups were joined: its root is where its maker is.</summary>
    public const CloneFlags ByClone = CloneFlags.CLONE_NEWPID | CloneFlags.CLONE_NEWNET | CloneFlags.CLONE_NEWNS | CloneFlags.CLONE_NEWIPC
        | CloneFlags.CLONE_NEWUTS | CloneFlags.CLONE_NEWUSER;

    /// <summary>Joins, with one clone. The pid namespace was joined by the parent: setns(2), it is for children only.</summary>
    public static void Join(Compilation c, NamespacePlan plan, bool privileged)
    {
        // Root has rights over all and joins the user namespace last; a plain user has them only once inside.
        IEnumerable<(CloneFlags Type, string Path)> ordered = privileged
            ? plan.Joined.OrderBy(item => Rank(item.Type))
            : plan.Joined.OrderBy(item => item.Type == CloneFlags.CLONE_NEWUSER ? -1 : Rank(item.Type));
        List<(CloneFlags Type, string Path, Slot Namespace)> opened = [.. ordered.Select(item => (item.Type, item.Path, c.Inherit(NamespacePlan.Open(item.Path))))];
        foreach ((CloneFlags type, string path, Slot ns) in opened)
        {
            if (type == CloneFlags.CLONE_NEWPID && !plan.NeedsTwoClones)
            {
                continue;
            }

            c.Builder.Tell("join", "join the {0} namespace {1}", "the configuration names it", NamespacePlan.FileOf(type), path);
            c.Builder.Call(SyscallNumbers.SYS_setns, ns, (long)(ulong)type);
            if (type == CloneFlags.CLONE_NEWUSER)
            {
                BecomeRoot(c);
            }
        }
    }

    /// <summary>Joins all namespaces of a process at once: exec.</summary>
    public static void JoinProcess(Compilation c, SafeFileHandle pidfd, CloneFlags types)
    {
        c.Builder.Tell("join", "join the container's namespaces", "the new process shall see what the container's own see");
        c.Builder.Call(SyscallNumbers.SYS_setns, c.Inherit(pidfd), (long)(ulong)types);
        if ((types & CloneFlags.CLONE_NEWUSER) != 0)
        {
            BecomeRoot(c);
        }
    }

    /// <summary>Waits until the parent has written the id maps, and becomes root of the new user namespace.</summary>
    public static void TakeIdentity(Compilation c)
    {
        c.Builder.Tell("id-maps", "become root of the user namespace", "until its maps are written nobody has an id in it: user_namespaces(7)");
        Conversation.Say(c, SyncMessage.MapsPlease, wait: true);
        BecomeRoot(c);
    }

    /// <summary>
    /// From here on neither the container's processes nor anybody else may look into this one: ptrace(2), PR_SET_DUMPABLE (CVE-2016-9962).
    /// </summary>
    public static void Hide(Compilation c)
    {
        c.Builder.Tell("hide", "keep other processes from looking into this one", "it is still the host's program, on the host's data (CVE-2016-9962)");
        c.Builder.Call(SyscallNumbers.SYS_prctl, 4, 0);
    }

    /// <summary>A time namespace and its offsets. It is for children only.</summary>
    public static void MakeTime(Compilation c)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("time", "make a time namespace", "the container has its own boot and monotonic clocks: time_namespaces(7)");
        b.Call(SyscallNumbers.SYS_unshare, (long)(ulong)CloneFlags.CLONE_NEWTIME);
        if (c.Linux.TimeOffsets.Count == 0)
        {
            return;
        }

        b.Tell("time-offsets", "set the clocks' offsets", "linux.timeOffsets");
        StringBuilder text = new();
        foreach ((string clock, TimeOffset offset) in c.Linux.TimeOffsets)
        {
            text.Append(CultureInfo.InvariantCulture, $"{clock} {offset.Secs} {offset.Nanosecs}\n");
        }

        WriteProc(c, "self/timens_offsets", text.ToString());
    }

    /// <summary>Clones the real child as a child of our own parent, and ends.</summary>
    public static unsafe Slot CloneAgain(Compilation c, CloneFlags made)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("clone", "clone the process that becomes the container's", "some namespaces are only for children");
        CloneArgs args = new() { flags = made | CloneFlags.CLONE_PARENT };
        nint native = c.Memory.Copy(new ReadOnlySpan<byte>(&args, sizeof(CloneArgs)));
        Label child = b.NewLabel();
        Slot pid = b.Fork(native, sizeof(CloneArgs), child);
        b.Call(SyscallNumbers.SYS_exit_group, 0);
        b.Mark(child);
        return pid;
    }

    /// <summary>Brings the loopback interface of a new network namespace up, as every runtime does.</summary>
    public static void RaiseLoopback(Compilation c)
    {
        const int AF_INET = 2;
        const int SOCK_DGRAM_CLOEXEC = 0x80002;
        const int SIOCSIFFLAGS = 0x8914;
        const int IFF_UP_RUNNING = 0x41;
        ProgramBuilder b = c.Builder;
        b.Tell("loopback", "bring the loopback interface up", "a new network namespace has one, down");
        Slot socket = b.Take(SyscallNumbers.SYS_socket, AF_INET, SOCK_DGRAM_CLOEXEC, 0);

        // struct ifreq: 16 bytes of name, then the flags in the first two of 24.
        nint request = c.Memory.Words('l' | ('o' << 8), 0, IFF_UP_RUNNING, 0, 0);
        b.Call(SyscallNumbers.SYS_ioctl, socket, SIOCSIFFLAGS, request);
        b.Close(socket);
    }

    public static void SetNames(Compilation c)
    {
        Name(c, "hostname", SyscallNumbers.SYS_sethostname, c.Config.Hostname);
        Name(c, "domainname", SyscallNumbers.SYS_setdomainname, c.Config.Domainname);
    }

    /// <summary>Writes a file of /proc, by a path below it.</summary>
    public static void WriteProc(Compilation c, string path, string text)
    {
        ProgramBuilder b = c.Builder;
        nint how = c.OpenHow(OpenFlags.O_WRONLY, ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        Slot file = b.Take(SyscallNumbers.SYS_openat2, c.Proc, b.Text(path), how, Compilation.OpenHowSize);
        b.Call(SyscallNumbers.SYS_write, file, b.Text(text), Encoding.UTF8.GetByteCount(text));
        b.Close(file);
    }

    private static void BecomeRoot(Compilation c)
    {
        // The container's root is 0 of its namespace; who may not set groups (user_namespaces(7), setgroups "deny") keeps his own.
        if (!c.KeepsGroups)
        {
            c.Builder.Call(SyscallNumbers.SYS_setgroups, 0, 0).Unless(Errno.EPERM);
        }

        c.Builder.Call(SyscallNumbers.SYS_setresgid, 0, 0, 0).Unless(Errno.EINVAL);
        c.Builder.Call(SyscallNumbers.SYS_setresuid, 0, 0, 0).Unless(Errno.EINVAL);
    }

    private static void Name(Compilation c, string step, long call, string? name)
    {
        if (name is { Length: > 0 })
        {
            c.Builder.Tell(step, "set the " + step + " to {0}", "the uts namespace is the container's own", name);
            c.Builder.Call(call, c.Builder.Text(name), Encoding.UTF8.GetByteCount(name));
        }
    }

    /// <summary>The mount namespace after the others, for /proc/self is the host's until then; the user namespace last of all.</summary>
    private static int Rank(CloneFlags type) => type switch
    {
        CloneFlags.CLONE_NEWNS => 1,
        CloneFlags.CLONE_NEWUSER => 2,
        _ => 0,
    };
}
