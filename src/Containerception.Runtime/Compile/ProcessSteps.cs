using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>From a process in its namespaces to the user's program: who it is, what it may do, and what it runs. The same for create and exec.</summary>
internal static class ProcessSteps
{
    private const int PR_SET_PDEATHSIG = 1;
    private const int PR_SET_KEEPCAPS = 8;
    private const int PR_CAPBSET_DROP = 24;
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private const int PR_CAP_AMBIENT = 47;
    private const int PR_CAP_AMBIENT_RAISE = 2;
    private const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    private const uint CapabilityVersion3 = 0x20080522;
    private const int SIGKILL = 9;
    private const int KEYCTL_JOIN_SESSION_KEYRING = 1;
    private const int KEYCTL_SETPERM = 5;
    private const uint KEY_USR_SEARCH = 0x00080000;

    // What join_session_keyring of the kernel gives a new one: all to its possessor; view, read and link to its owner.
    private const uint NewKeyringPermissions = 0x3f130000;

    /// <summary>While the parent can still fail, its death is the child's.</summary>
    public static void DieWithParent(Compilation c, bool die)
    {
        c.Builder.Tell("parent-death", die ? "die with ception, for now" : "live on without ception", "a half-made container is nobody's");
        c.Builder.Call(SyscallNumbers.SYS_prctl, PR_SET_PDEATHSIG, die ? SIGKILL : 0);
    }

    /// <summary>A session, so that signals from the caller's terminal do not reach the container; and a session keyring, so that keys do not.</summary>
    public static void NewSession(Compilation c, string id, bool keyring, Slot? proc, string? keyLabel)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("session", "start a session", "the container is no part of the caller's terminal session: setsid(2)");
        b.Call(SyscallNumbers.SYS_setsid);
        if (keyring)
        {
            Slot? labels = keyLabel is { Length: > 0 } ? proc : null;
            LabelSteps.LabelKeys(c, labels, keyLabel);
            NewKeyring(c, id);
            LabelSteps.LabelKeys(c, labels, null);
        }
    }

    /// <summary>Of a name by which exec finds it, and so with the right to be searched: find_keyring_by_name of the kernel.</summary>
    private static void NewKeyring(Compilation c, string id)
    {
        ProgramBuilder b = c.Builder;
        Label done = b.NewLabel();
        b.Tell("keyring", "start a session keyring", "the caller's keys are not the container's: keyctl(2), session-keyring(7)");

        // Filtered away inside other containers, absent in small kernels: then there are no keys to reach either.
        Slot ring = b.NewSlot();
        b.Call(SyscallNumbers.SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, b.Text("_ses." + id)).Unless(Errno.ENOSYS, Errno.EPERM).Otherwise(done).Into(ring);
        b.Call(SyscallNumbers.SYS_keyctl, KEYCTL_SETPERM, ring, NewKeyringPermissions | KEY_USR_SEARCH)
            .Unless(Errno.EACCES, Errno.EPERM);
        b.Mark(done);
    }

    /// <summary>What needs rights and files of the host, while they are there.</summary>
    public static void SetLimits(Compilation c, ProcessConfig process)
    {
        ProgramBuilder b = c.Builder;
        if (process.OomScoreAdj is { } score)
        {
            string text = score.ToString(CultureInfo.InvariantCulture);
            b.Tell("oom-score", "set the out-of-memory score to {0}", "process.oomScoreAdj", text);
            NamespaceSteps.WriteProc(c, "self/oom_score_adj", text);
        }

        foreach (RlimitConfig limit in process.Rlimits)
        {
            b.Tell("rlimit", "set {0}", "process.rlimits", limit.Type);
            b.Call(SyscallNumbers.SYS_prlimit64, 0, (int)ResourceLimits.Parse(limit.Type)!.Value, c.Memory.Words((nint)limit.Soft, (nint)limit.Hard), 0);
        }
    }

    /// <summary>The caller's limit, in place of a supervisor's. Late: before, the child may have to open more than that.</summary>
    public static void LimitOpenFiles(Compilation c, ProcessConfig process, ResourceLimit limit)
    {
        if (limit.Soft == limit.Hard || process.Rlimits.Any(rlimit => ResourceLimits.Parse(rlimit.Type) == RlimitResource.RLIMIT_NOFILE))
        {
            return;
        }

        c.Builder.Tell("rlimit", "set {0}", "the supervisor has raised its own, which is not the program's business", nameof(RlimitResource.RLIMIT_NOFILE));
        c.Builder.Call(SyscallNumbers.SYS_prlimit64, 0, (int)RlimitResource.RLIMIT_NOFILE, c.Memory.Words((nint)limit.Soft, (nint)limit.Hard), 0);
    }

    /// <summary>Standard streams that are not the null device belong to the container's user.</summary>
    public static void OwnStreams(Compilation c, ProcessConfig process)
    {
        if (process.User.Uid == 0)
        {
            return;
        }

        c.Builder.Tell("stdio", "give standard input, output and error to the container's user", "a program may open /dev/stdout again, by name");
        for (int i = 0; i <= 2; i++)
        {
            FileStatus? status = FileStatuses.TryStatx(Descriptors.Borrow(i), "", AtFlags.AT_EMPTY_PATH);

            // Chowning /dev/null would give the host's null device away.
            if (status is { Type: not FileType.S_IFCHR and not FileType.S_IFBLK })
            {
                c.Builder.Call(SyscallNumbers.SYS_fchown, i, process.User.Uid, -1).Unless(Errno.EPERM, Errno.EINVAL, Errno.EROFS);
            }
        }
    }

    /// <summary>The working directory, tried as root and again as the user: one of them may see it. It must lie inside (CVE-2024-21626).</summary>
    public static Slot ChangeDirectory(Compilation c, string cwd)
    {
        ProgramBuilder b = c.Builder;
        TellDirectory(c, cwd);
        Slot changed = b.NewSlot();
        b.Call(SyscallNumbers.SYS_chdir, b.Text(cwd)).Unless(Errno.EACCES).Into(changed);
        return changed;
    }

    /// <summary>Ids, capabilities, no_new_privs and the filter; then the directory for good.</summary>
    public static void BecomeUser(Compilation c, ProcessConfig process, SeccompFilter? filter, Slot changed)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("umask", "set the umask", "process.user.umask");
        b.Call(SyscallNumbers.SYS_umask, process.User.Umask ?? 0x12);
        CapabilityPlan caps = new(process.Capabilities ?? new CapabilitiesConfig(), c.Warn);
        if (!process.NoNewPrivileges && filter is not null)
        {
            // Without no_new_privs a filter needs CAP_SYS_ADMIN, so it is loaded while there is some: seccomp(2).
            LoadFilter(c, filter);
        }

        DropBounding(c, caps);
        b.Tell("user", "become uid {0}, gid {1}", "process.user", Text(process.User.Uid), Text(process.User.Gid));
        b.Call(SyscallNumbers.SYS_prctl, PR_SET_KEEPCAPS, 1);
        if (!c.KeepsGroups)
        {
            SetGroups(c, process.User.AdditionalGids);
        }

        b.Call(SyscallNumbers.SYS_setresgid, process.User.Gid, process.User.Gid, process.User.Gid);
        b.Call(SyscallNumbers.SYS_setresuid, process.User.Uid, process.User.Uid, process.User.Uid);
        SetCapabilities(c, caps);
        DieWithParent(c, die: true);
        Label inside = b.NewLabel();
        TellDirectory(c, process.Cwd);
        b.JumpIf(changed, inside);
        b.Call(SyscallNumbers.SYS_chdir, b.Text(process.Cwd));
        b.Mark(inside);
        VerifyDirectory(c);
        if (process.NoNewPrivileges)
        {
            b.Tell("no-new-privileges", "let no program give more privileges", "process.noNewPrivileges: set-user-id files lose their power");
            b.Call(SyscallNumbers.SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        }

        if (process.NoNewPrivileges && filter is { Notifies: true })
        {
            // Its descriptor must be handed over while the parent is there.
            LoadFilter(c, filter);
        }
    }

    /// <summary>Finds the program while its absence can still be reported.</summary>
    public static Slot FindProgram(Compilation c, ProcessConfig process, IReadOnlyList<string> candidates)
    {
        string name = process.Args[0];
        c.Builder.Tell("program", "find the program {0}", "a missing program is an error of create, not of start", name, failure: "exec: \"{0}\"");
        return c.Builder.Add(InitStepKind.Lookup, 0, c.Memory.Texts(candidates)).Into(c.Builder.NewSlot());
    }

    /// <summary>The last steps: nothing of ours is left but the program.</summary>
    public static void Execute(Compilation c, ProcessConfig process, IReadOnlyList<string> environment, Slot program, SeccompFilter? filter, IReadOnlyList<int> preserved, ulong signalMask, SafeFileHandle? stub, bool reports)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("descriptors", "close all other descriptors", "a leaked directory of the host is a way out (CVE-2024-21626): close_range(2)");
        HostDescriptors.CloseAllBut(c, preserved, CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
        b.Tell("signals", "give signals their defaults back", "what ception ignored or blocked is not the program's business");
        SignalSteps.Reset(b, c.Memory, signalMask);
        if (process.NoNewPrivileges && filter is { Notifies: false })
        {
            LoadFilter(c, filter);
        }

        b.Tell("exec", "execute {0}", "from here on this is the user's program", process.Args[0], failure: "exec: \"{0}\"");
        nint envp = c.Memory.Texts(environment);
        if (stub is null)
        {
            b.Call(SyscallNumbers.SYS_execve, program, c.Memory.Texts(process.Args), envp);
            return;
        }

        // The stub's argv is the program's path, then the program's own argv.
        nint argv = c.Memory.Texts(["", .. process.Args]);
        b.StorePointer(argv, program);
        if (reports)
        {
            b.Call(SyscallNumbers.SYS_fcntl, c.Sync, 2, 0);
        }

        b.Call(SyscallNumbers.SYS_execveat, c.Inherit(stub), c.Empty, argv, envp, (int)AtFlags.AT_EMPTY_PATH);
    }

    private static void LoadFilter(Compilation c, SeccompFilter filter)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("seccomp", "load the system call filter", "linux.seccomp: calls that no container needs are refused before they reach the kernel's code");
        if (filter.Notifies)
        {
            Conversation.Say(c, SyncMessage.ListenerComes, wait: false);
        }

        // struct sock_fprog: a count of 8-byte instructions, and where they are.
        nint program = c.Memory.Words(filter.Instructions.Length / 8, c.Memory.Copy(filter.Instructions.Span));
        StepHandle load = b.Call(SyscallNumbers.SYS_seccomp, 1, (ulong)filter.Flags, program);
        if (filter.Notifies)
        {
            Slot listener = load.Into(b.NewSlot());
            c.Listener = listener;
            Conversation.Wait(c);

            // While this process holds it too, a call that is asked about waits for ever once the listener is gone.
            b.Close(listener);
        }
    }

    private static void SetGroups(Compilation c, ImmutableArray<uint> groups)
    {
        StepHandle set = c.Builder.Call(SyscallNumbers.SYS_setgroups, groups.Length, c.Memory.Copy(MemoryMarshal.AsBytes(groups.AsSpan())));
        if (groups.Length == 0)
        {
            set.Unless(Errno.EPERM);
        }
    }

    private static void DropBounding(Compilation c, CapabilityPlan caps)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("bounding-set", "drop capabilities that no program shall ever get", "process.capabilities.bounding: capabilities(7)");
        for (int i = 0; i < CapabilityPlan.CapabilityCount; i++)
        {
            if ((caps.Dropped & (1UL << i)) != 0)
            {
                b.Call(SyscallNumbers.SYS_prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
            }
        }
    }

    private static void SetCapabilities(Compilation c, CapabilityPlan caps)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("capabilities", "keep only the capabilities of the configuration", "process.capabilities: root without them is hardly root");
        Span<byte> data = stackalloc byte[24];
        for (int half = 0; half < 2; half++)
        {
            int shift = 32 * half;
            BinaryPrimitives.WriteUInt32LittleEndian(data[(12 * half)..], (uint)(caps.Effective >> shift));
            BinaryPrimitives.WriteUInt32LittleEndian(data[((12 * half) + 4)..], (uint)(caps.Permitted >> shift));
            BinaryPrimitives.WriteUInt32LittleEndian(data[((12 * half) + 8)..], (uint)(caps.Inheritable >> shift));
        }

        b.Call(SyscallNumbers.SYS_capset, c.Memory.Words((nint)CapabilityVersion3), c.Memory.Copy(data));
        b.Call(SyscallNumbers.SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0).Unless(Errno.EINVAL);
        for (int i = 0; i < CapabilityPlan.CapabilityCount; i++)
        {
            if ((caps.Ambient & (1UL << i)) != 0)
            {
                b.Call(SyscallNumbers.SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
            }
        }
    }

    private static void TellDirectory(Compilation c, string cwd) => c.Builder.Tell(
        "cwd", "change to the directory {0}", "process.cwd", cwd, failure: "chdir to cwd (\"{0}\") set in config.json failed");

    /// <summary>getcwd(2) says "(unreachable)" first when the directory is outside the root; a path begins with a slash.</summary>
    private static void VerifyDirectory(Compilation c)
    {
        c.Builder.Tell(
            "cwd", "verify that the directory is inside the root", "process.cwd may have led through a descriptor of the host (CVE-2024-21626)",
            failure: "current working directory is outside of container mount namespace root -- possible container breakout detected");
        nint path = c.Memory.Reserve(InitTarget.PathSize);
        c.Builder.Call(SyscallNumbers.SYS_getcwd, path, InitTarget.PathSize);
        c.Builder.Verify(path, 0xFF, '/', Errno.EPERM);
    }

    private static string Text(uint id) => id.ToString(CultureInfo.InvariantCulture);
}
