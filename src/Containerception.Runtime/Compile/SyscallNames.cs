using System.Globalization;
using static Containerception.Linux.SyscallNumbers;

namespace Containerception.Runtime;

/// <summary>The names of the system calls that programs use, and how many arguments each takes. For messages only.</summary>
internal static class SyscallNames
{
    public static string Of(long number) => Find(number) is { Name: { } name } ? name : "syscall " + number.ToString(CultureInfo.InvariantCulture);

    public static int ArgumentCount(long number) => Find(number).Arguments;

    private static (long Number, string? Name, int Arguments) Find(long number)
    {
        // Made when asked for: only failures and --explain ask.
        ReadOnlySpan<(long Number, string? Name, int Arguments)> all =
        [
            (SYS_read, "read", 3), (SYS_write, "write", 3), (SYS_close, "close", 1), (SYS_openat, "openat", 4), (SYS_openat2, "openat2", 4),
            (SYS_chdir, "chdir", 1), (SYS_fchdir, "fchdir", 1), (SYS_chroot, "chroot", 1), (SYS_mkdirat, "mkdirat", 3),
            (SYS_mknodat, "mknodat", 4), (SYS_symlinkat, "symlinkat", 3), (SYS_unlinkat, "unlinkat", 3), (SYS_fchownat, "fchownat", 5),
            (SYS_fchmodat, "fchmodat", 3), (SYS_mount, "mount", 5), (SYS_umount2, "umount2", 2), (SYS_pivot_root, "pivot_root", 2),
            (SYS_fsopen, "fsopen", 2), (SYS_fsconfig, "fsconfig", 5), (SYS_fsmount, "fsmount", 3), (SYS_open_tree, "open_tree", 3),
            (SYS_fspick, "fspick", 3), (SYS_readlinkat, "readlinkat", 4), (SYS_fsetxattr, "fsetxattr", 5),
            (SYS_move_mount, "move_mount", 5), (SYS_mount_setattr, "mount_setattr", 5), (SYS_setns, "setns", 2), (SYS_unshare, "unshare", 1),
            (SYS_setsid, "setsid", 0), (SYS_prctl, "prctl", 5), (SYS_capset, "capset", 2), (SYS_setresuid, "setresuid", 3),
            (SYS_setresgid, "setresgid", 3), (SYS_setgroups, "setgroups", 2), (SYS_umask, "umask", 1), (SYS_prlimit64, "prlimit64", 4),
            (SYS_sethostname, "sethostname", 2), (SYS_setdomainname, "setdomainname", 2), (SYS_ioctl, "ioctl", 3), (SYS_socket, "socket", 3),
            (SYS_sendmsg, "sendmsg", 3), (SYS_dup3, "dup3", 3), (SYS_fcntl, "fcntl", 3), (SYS_lseek, "lseek", 3), (SYS_statx, "statx", 5), (SYS_fchmod, "fchmod", 2),
            (SYS_fstatfs, "fstatfs", 2), (SYS_getcwd, "getcwd", 2), (SYS_execve, "execve", 3), (SYS_execveat, "execveat", 5), (SYS_waitid, "waitid", 5), (SYS_ppoll, "ppoll", 5),
            (SYS_seccomp, "seccomp", 3), (SYS_keyctl, "keyctl", 5), (SYS_close_range, "close_range", 3), (SYS_clone3, "clone3", 2),
            (SYS_sched_setaffinity, "sched_setaffinity", 3), (SYS_set_mempolicy, "set_mempolicy", 3), (SYS_personality, "personality", 1),
            (SYS_rt_sigprocmask, "rt_sigprocmask", 4), (SYS_rt_sigaction, "rt_sigaction", 4), (SYS_exit_group, "exit_group", 1),
        ];
        foreach ((long Number, string? Name, int Arguments) call in all)
        {
            if (call.Number == number)
            {
                return call;
            }
        }

        return (number, null, 6);
    }
}
