using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What a filter answers, spelled as in linux/seccomp.h. The low 16 bits carry data: an errno, a cookie.</summary>
public enum SeccompReturn : uint
{
    SECCOMP_RET_KILL_THREAD = 0,
    SECCOMP_RET_TRAP = 0x00030000,
    SECCOMP_RET_ERRNO = 0x00050000,
    SECCOMP_RET_USER_NOTIF = 0x7fc00000,
    SECCOMP_RET_TRACE = 0x7ff00000,
    SECCOMP_RET_LOG = 0x7ffc0000,
    SECCOMP_RET_ALLOW = 0x7fff0000,
    SECCOMP_RET_KILL_PROCESS = 0x80000000,
}

/// <summary>struct sock_filter of linux/filter.h: one instruction of classic BPF.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SockFilter
{
    public ushort code;
    public byte jt;
    public byte jf;
    public uint k;
}

/// <summary>struct sock_fprog of linux/filter.h, on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SockFprog
{
    public ushort len;
    public SockFilter* filter;
}

/// <summary>struct seccomp_notif_sizes of linux/seccomp.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct SeccompNotificationSizes(ushort Notification, ushort Response, ushort Data);

/// <summary>seccomp(2). A filter is the thread's, and its children's, for good.</summary>
public static unsafe partial class SeccompCalls
{
    /// <summary>The longest program the kernel takes: BPF_MAXINSNS of linux/bpf_common.h.</summary>
    public const int InstructionsMax = 4096;

    private const uint SECCOMP_SET_MODE_FILTER = 1;
    private const uint SECCOMP_GET_ACTION_AVAIL = 2;
    private const uint SECCOMP_GET_NOTIF_SIZES = 3;

    /// <summary>Adds a filter to the thread. Needs CAP_SYS_ADMIN or no_new_privs.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EACCES"/>: neither; <see cref="Errno.EINVAL"/>: not a valid program.</exception>
    public static void SetFilter(ReadOnlySpan<SockFilter> program, SeccompFilterFlags flags) => Load(program, flags);

    /// <summary>The same with SECCOMP_FILTER_FLAG_NEW_LISTENER: the descriptor that is told of SECCOMP_RET_USER_NOTIF, close-on-exec.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EBUSY"/>: the thread has a listener already.</exception>
    public static SafeFileHandle SetFilterWithListener(ReadOnlySpan<SockFilter> program, SeccompFilterFlags flags)
        => new(Load(program, flags | SeccompFilterFlags.SECCOMP_FILTER_FLAG_NEW_LISTENER), ownsHandle: true);

    /// <summary>Whether this kernel knows an action.</summary>
    public static bool IsAvailable(SeccompReturn action)
    {
        uint value = (uint)action;
        nint result = seccomp(SyscallNumbers.SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &value);
        if (result < 0 && Check.LastErrno is Errno.EOPNOTSUPP or Errno.ENOSYS)
        {
            return false;
        }

        Check.Result(result, $"seccomp(SECCOMP_GET_ACTION_AVAIL, 0, {action})");
        return true;
    }

    /// <summary>Whether this kernel knows a flag: it looks at the flags before it looks at the program, of which there is none.</summary>
    public static bool IsAvailable(SeccompFilterFlags flag)
    {
        // TSYNC_ESRCH is refused without TSYNC and NEW_LISTENER, WAIT_KILLABLE_RECV without NEW_LISTENER: seccomp(2).
        SeccompFilterFlags tried = flag switch
        {
            SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC_ESRCH => flag | SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC,
            SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV => flag | SeccompFilterFlags.SECCOMP_FILTER_FLAG_NEW_LISTENER,
            _ => flag,
        };
        return seccomp(SyscallNumbers.SYS_seccomp, SECCOMP_SET_MODE_FILTER, (uint)tried, null) < 0 && Check.LastErrno == Errno.EFAULT;
    }

    /// <summary>How large this kernel's notifications are.</summary>
    public static SeccompNotificationSizes NotificationSizes()
    {
        SeccompNotificationSizes sizes = default;
        Check.Result(seccomp(SyscallNumbers.SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), $"seccomp(SECCOMP_GET_NOTIF_SIZES, 0)");
        return sizes;
    }

    private static int Load(ReadOnlySpan<SockFilter> program, SeccompFilterFlags flags)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(program.Length, InstructionsMax);
        fixed (SockFilter* instructions = program)
        {
            SockFprog description = new() { len = (ushort)program.Length, filter = instructions };
            nint result = seccomp(SyscallNumbers.SYS_seccomp, SECCOMP_SET_MODE_FILTER, (uint)flags, &description);
            return (int)Check.Result(result, $"seccomp(SECCOMP_SET_MODE_FILTER, {flags}, {program.Length} instructions)");
        }
    }

    // No libc symbol.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint seccomp(long number, uint operation, uint flags, void* argument);
}
