using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Processes: pidfds, signals to them, sessions, and execve(2). See <see cref="Waiting"/> for their end.</summary>
public static partial class Processes
{
    private const int AT_EMPTY_PATH = 0x1000;

    /// <summary>The caller's id, in its pid namespace.</summary>
    public static int GetPid() => getpid();

    /// <summary>The parent's id; 0 when it is not in this pid namespace.</summary>
    public static int GetParentPid() => getppid();

    /// <summary>A descriptor of a process: it stays the same process when the number is used again. Close-on-exec. See pidfd_open(2).</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ESRCH"/>: there is none.</exception>
    public static SafeFileHandle PidfdOpen(int pid)
        => Check.Handle((int)pidfd_open(SyscallNumbers.SYS_pidfd_open, pid, 0), $"pidfd_open({pid}, 0)");

    /// <summary>The same; null when there is no such process.</summary>
    public static SafeFileHandle? TryPidfdOpen(int pid)
    {
        int result = (int)pidfd_open(SyscallNumbers.SYS_pidfd_open, pid, 0);
        return result < 0 && Check.LastErrno == Errno.ESRCH ? null : Check.Handle(result, $"pidfd_open({pid}, 0)");
    }

    /// <summary>Sends a signal; false when the process has ended. See pidfd_send_signal(2).</summary>
    public static bool PidfdSendSignal(SafeFileHandle process, Signal signal)
    {
        nint result = pidfd_send_signal(SyscallNumbers.SYS_pidfd_send_signal, process, signal, 0, 0);
        if (result < 0 && Check.LastErrno == Errno.ESRCH)
        {
            return false;
        }

        Check.Result(result, $"pidfd_send_signal({process}, {signal}, NULL, 0)");
        return true;
    }

    /// <summary>A copy of a descriptor of another process, by its number there. Needs to be allowed to trace it. See pidfd_getfd(2).</summary>
    public static SafeFileHandle PidfdGetFd(SafeFileHandle process, int number)
        => Check.Handle((int)pidfd_getfd(SyscallNumbers.SYS_pidfd_getfd, process, number, 0), $"pidfd_getfd({process}, {number}, 0)");

    /// <summary>Sends a signal to a process, or below zero to a group; false when there is none. A number is used again: prefer a pidfd.</summary>
    public static bool Kill(int pid, Signal signal)
    {
        int result = kill(pid, signal);
        if (result < 0 && Check.LastErrno == Errno.ESRCH)
        {
            return false;
        }

        Check.Result(result, $"kill({pid}, {signal})");
        return true;
    }

    /// <summary>Begins a session and a process group, without a terminal; returns its id. See setsid(2).</summary>
    public static int SetSid() => Check.Result(setsid(), $"setsid()");

    /// <summary>The process group of a process, 0 being the caller.</summary>
    public static int GetPgid(int pid) => Check.Result(getpgid(pid), $"getpgid({pid})");

    /// <summary>Moves a process to a group.</summary>
    public static void SetPgid(int pid, int group) => Check.Result(setpgid(pid, group), $"setpgid({pid}, {group})");

    /// <summary>Becomes another program. Returns only by throwing.</summary>
    [DoesNotReturn]
    public static unsafe void Execve(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using NativeTexts argv = new(arguments);
        using NativeTexts envp = new(environment);
        Check.Result(execve(path, argv.Pointers, envp.Pointers), $"execve({path}, {arguments}, {environment.Count} variables)");
        throw new System.Diagnostics.UnreachableException();
    }

    /// <summary>Becomes the program in an open file (a sealed memfd, an O_PATH). A script needs the file to be open still, so not close-on-exec.</summary>
    [DoesNotReturn]
    public static unsafe void Execveat(SafeFileHandle program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using NativeTexts argv = new(arguments);
        using NativeTexts envp = new(environment);
        nint result = execveat(SyscallNumbers.SYS_execveat, program, "", argv.Pointers, envp.Pointers, AT_EMPTY_PATH);
        Check.Result(result, $"execveat({program}, \"\", {arguments}, {environment.Count} variables, AT_EMPTY_PATH)");
        throw new System.Diagnostics.UnreachableException();
    }

    /// <summary>Ends the process at once, with all threads: no finalizers, no flushing. See exit_group(2).</summary>
    [DoesNotReturn]
    public static void Exit(int code)
    {
        _exit(code);
        throw new System.Diagnostics.UnreachableException();
    }

    [LibraryImport("libc")]
    private static partial int getpid();

    [LibraryImport("libc")]
    private static partial int getppid();

    // libc has the pidfd calls since glibc 2.36 only, musl has not.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_open(long number, int pid, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_send_signal(long number, SafeFileHandle process, Signal signal, nint info, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_getfd(long number, SafeFileHandle process, int target, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, Signal signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getpgid(int pid);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpgid(int pid, int group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static unsafe partial int execve(string path, byte** arguments, byte** environment);

    // libc has it since glibc 2.34; musl has not.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static unsafe partial nint execveat(long number, SafeFileHandle directory, string path, byte** arguments, byte** environment, int flags);

    [LibraryImport("libc")]
    private static partial void _exit(int code);
}
