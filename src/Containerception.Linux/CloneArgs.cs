using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>clone3(2) flags, spelled as in linux/sched.h.</summary>
[Flags]
public enum CloneFlags : ulong
{
    None = 0,
    CLONE_NEWTIME = 0x80,
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_PIDFD = 0x1000,
    CLONE_PTRACE = 0x2000,
    CLONE_VFORK = 0x4000,
    CLONE_PARENT = 0x8000,
    CLONE_THREAD = 0x10000,
    CLONE_NEWNS = 0x20000,
    CLONE_SYSVSEM = 0x40000,
    CLONE_SETTLS = 0x80000,
    CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000,
    CLONE_UNTRACED = 0x800000,
    CLONE_CHILD_SETTID = 0x1000000,
    CLONE_NEWCGROUP = 0x2000000,
    CLONE_NEWUTS = 0x4000000,
    CLONE_NEWIPC = 0x8000000,
    CLONE_NEWUSER = 0x10000000,
    CLONE_NEWPID = 0x20000000,
    CLONE_NEWNET = 0x40000000,
    CLONE_IO = 0x80000000,
    CLONE_CLEAR_SIGHAND = 0x100000000,
    CLONE_INTO_CGROUP = 0x200000000,
}

/// <summary>
/// struct clone_args of linux/sched.h, version 2 (Linux 5.7). The call itself has no wrapper here: what comes back from it in the child
/// must not touch the .NET runtime, which a P/Invoke does.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct CloneArgs
{
    public CloneFlags flags;

    /// <summary>Where the kernel puts the pidfd (an int), close-on-exec, in the parent.</summary>
    public ulong pidfd;
    public ulong child_tid;
    public ulong parent_tid;
    public ulong exit_signal;
    public ulong stack;
    public ulong stack_size;
    public ulong tls;
    public ulong set_tid;
    public ulong set_tid_size;

    /// <summary>The descriptor of a cgroup v2 directory, with CLONE_INTO_CGROUP.</summary>
    public ulong cgroup;
}
