using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>close_range(2) flags, spelled as in linux/close_range.h.</summary>
[Flags]
public enum CloseRangeFlags : uint
{
    None = 0,
    CLOSE_RANGE_UNSHARE = 2,
    CLOSE_RANGE_CLOEXEC = 4,
}

/// <summary>The table of descriptors: copies, and who inherits them. fcntl(2), dup3(2), close_range(2).</summary>
public static partial class Descriptors
{
    private const int F_GETFD = 1;
    private const int F_SETFD = 2;
    private const int F_GETFL = 3;
    private const int F_SETFL = 4;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int FD_CLOEXEC = 1;
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>Takes the descriptor that somebody else left open under this number: standard input is 0. Disposing the result closes it.</summary>
    public static SafeFileHandle Take(int number) => new(number, ownsHandle: true);

    /// <summary>Borrows a descriptor by its number: disposing the result does not close it.</summary>
    public static SafeFileHandle Borrow(int number) => new(number, ownsHandle: false);

    /// <summary>Whether there is an open descriptor with this number.</summary>
    public static bool IsOpen(int number)
    {
        using SafeFileHandle borrowed = Borrow(number);
        return fcntl(borrowed, F_GETFD, 0) >= 0;
    }

    /// <summary>Whether there is an open descriptor with this number that the next program inherits.</summary>
    public static bool IsInherited(int number)
    {
        using SafeFileHandle borrowed = Borrow(number);
        int flags = fcntl(borrowed, F_GETFD, 0);
        return flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }

    /// <summary>Another descriptor of the same open file, close-on-exec, with a number of at least <paramref name="numberMin"/>.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle file, int numberMin = 3)
        => Check.Handle(fcntl(file, F_DUPFD_CLOEXEC, numberMin), $"fcntl({file}, F_DUPFD_CLOEXEC, {numberMin})");

    /// <summary>Makes <paramref name="number"/> a descriptor of the file too, in place of what it was. See dup3(2).</summary>
    /// <param name="file">The open file.</param>
    /// <param name="number">The number, not that of <paramref name="file"/> itself.</param>
    /// <param name="closeOnExec">False passes it on to the next program.</param>
    public static void DuplicateTo(SafeFileHandle file, int number, bool closeOnExec)
        => Check.Result(dup3(file, number, closeOnExec ? O_CLOEXEC : 0), $"dup3({file}, {number}, {(closeOnExec ? "O_CLOEXEC" : "0"):name})");

    /// <summary>Says whether the next program inherits a descriptor.</summary>
    public static void SetCloseOnExec(SafeFileHandle file, bool closeOnExec)
        => Check.Result(fcntl(file, F_SETFD, closeOnExec ? FD_CLOEXEC : 0), $"fcntl({file}, F_SETFD, {(closeOnExec ? "FD_CLOEXEC" : "0"):name})");

    /// <summary>Makes reads and writes say EAGAIN instead of waiting: for everybody who shares the open file.</summary>
    public static void SetNonBlocking(SafeFileHandle file, bool nonBlocking)
    {
        int flags = Check.Result(fcntl(file, F_GETFL, 0), $"fcntl({file}, F_GETFL)");
        int wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        if (wanted != flags)
        {
            Check.Result(fcntl(file, F_SETFL, wanted), $"fcntl({file}, F_SETFL, 0x{wanted:x})");
        }
    }

    /// <summary>Closes all descriptors from first to last, both included, or makes them close-on-exec. Since Linux 5.9, CLOEXEC 5.11.</summary>
    public static void CloseRange(uint first, uint last, CloseRangeFlags flags)
        => Check.Result(close_range(SyscallNumbers.SYS_close_range, first, last, flags), $"close_range({first}, {last}, {flags})");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup3(SafeFileHandle file, int number, int flags);

    // libc has it since glibc 2.34; musl has not.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint close_range(long number, uint first, uint last, CloseRangeFlags flags);
}
