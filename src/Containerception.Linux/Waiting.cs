using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>waitid(2) options, spelled as in sys/wait.h.</summary>
[Flags]
public enum WaitOptions
{
    None = 0,
    WNOHANG = 1,
    WUNTRACED = 2,
    WSTOPPED = 2,
    WEXITED = 4,
    WCONTINUED = 8,

    /// <summary>Tell, but leave it to be waited for again.</summary>
    WNOWAIT = 0x1000000,
}

/// <summary>Why a child changed, spelled as in signal.h (si_code of SIGCHLD).</summary>
public enum ChildChange
{
    None = 0,
    CLD_EXITED = 1,
    CLD_KILLED = 2,
    CLD_DUMPED = 3,
    CLD_TRAPPED = 4,
    CLD_STOPPED = 5,
    CLD_CONTINUED = 6,
}

/// <summary>How a child ended, or that it stopped or went on.</summary>
/// <param name="Pid">Which child.</param>
/// <param name="Change">What happened.</param>
/// <param name="Value">The exit code, 0 to 255, or the signal's number.</param>
public readonly record struct WaitStatus(int Pid, ChildChange Change, int Value)
{
    /// <summary>It is over: it left, or was killed.</summary>
    public bool HasEnded => Change is ChildChange.CLD_EXITED or ChildChange.CLD_KILLED or ChildChange.CLD_DUMPED;

    /// <summary>What ended or stopped it; none when it left by itself.</summary>
    public Signal Signal => Change == ChildChange.CLD_EXITED ? Signal.None : (Signal)Value;

    /// <summary>What a shell says: the exit code, or 128 and the signal.</summary>
    public int ExitCode => Change == ChildChange.CLD_EXITED ? Value : 128 + Value;

    public override string ToString()
        => Change == ChildChange.CLD_EXITED ? $"{Pid} exited with {Value}" : $"{Pid} {Change} by {Signals.Name((Signal)Value)}";
}

/// <summary>waitid(2): the end of children, and of adopted ones.</summary>
public static partial class Waiting
{
    private const int P_ALL = 0;
    private const int P_PID = 1;
    private const int P_PIDFD = 3;

    /// <summary>Waits for a child to end, and buries it.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ECHILD"/>: it is no child of the caller.</exception>
    public static WaitStatus Wait(int pid) => Wait(P_PID, pid, $"P_PID, {pid}", WaitOptions.WEXITED)!.Value;

    /// <summary>The same by its pidfd.</summary>
    public static WaitStatus Wait(SafeFileHandle process)
    {
        using HeldDescriptor held = new(process);
        return Wait(P_PIDFD, held.Number, $"P_PIDFD, {held.Number}", WaitOptions.WEXITED)!.Value;
    }

    /// <summary>What became of a child; null when nothing has happened yet.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ECHILD"/>: it is no child of the caller.</exception>
    public static WaitStatus? TryWait(SafeFileHandle process, WaitOptions options = WaitOptions.WEXITED)
    {
        using HeldDescriptor held = new(process);
        return Wait(P_PIDFD, held.Number, $"P_PIDFD, {held.Number}", options | WaitOptions.WNOHANG);
    }

    /// <summary>The same by its number.</summary>
    public static WaitStatus? TryWait(int pid, WaitOptions options = WaitOptions.WEXITED)
        => Wait(P_PID, pid, $"P_PID, {pid}", options | WaitOptions.WNOHANG);

    /// <summary>Buries one child that has ended, whichever; null when none has, or there are no children. A subreaper's and an init's task.</summary>
    public static WaitStatus? TryWaitAny()
    {
        SigInfo info = default;
        int result = waitid(P_ALL, 0, ref info, WaitOptions.WEXITED | WaitOptions.WNOHANG, 0);
        if (result < 0 && Check.LastErrno == Errno.ECHILD)
        {
            return null;
        }

        Check.Result(result, $"waitid(P_ALL, 0, WEXITED|WNOHANG)");
        return Translate(info);
    }

    private static WaitStatus? Wait(int type, int id, string who, WaitOptions options)
    {
        SigInfo info = default;
        int result;
        do
        {
            result = waitid(type, id, ref info, options, 0);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        if (result < 0)
        {
            // First of all: building the text makes calls of its own.
            Errno failure = Check.LastErrno;
            throw new LinuxException($"waitid({who}, {FailedCall.Join(options)})", failure);
        }

        return Translate(info);
    }

    // With WNOHANG and no news the kernel leaves the pid zero.
    private static WaitStatus? Translate(in SigInfo info)
        => info.si_pid == 0 ? null : new WaitStatus(info.si_pid, (ChildChange)info.si_code, info.si_status);

    // The system call itself: libc's waitid may not know P_PIDFD (musl), and the last argument, a struct rusage, is not libc's.
    private static int waitid(int type, int id, ref SigInfo info, WaitOptions options, nint usage)
        => (int)waitid(SyscallNumbers.SYS_waitid, type, id, ref info, options, usage);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint waitid(long number, int type, int id, ref SigInfo info, WaitOptions options, nint usage);
}

/// <summary>siginfo_t of signal.h, as SIGCHLD and waitid(2) fill it on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct SigInfo
{
    public int si_signo;
    public int si_errno;
    public int si_code;
    private readonly int _padding;
    public int si_pid;
    public uint si_uid;
    public int si_status;
}
