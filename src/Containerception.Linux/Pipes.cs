using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>memfd seals, spelled as in linux/fcntl.h.</summary>
[Flags]
public enum Seals
{
    None = 0,
    F_SEAL_SEAL = 1,
    F_SEAL_SHRINK = 2,
    F_SEAL_GROW = 4,
    F_SEAL_WRITE = 8,
    F_SEAL_FUTURE_WRITE = 16,
    F_SEAL_EXEC = 32,
}

/// <summary>Descriptors without a name: pipes, events, memory files. All close-on-exec.</summary>
public static partial class Pipes
{
    private const int O_CLOEXEC = 0x80000;
    private const int O_NONBLOCK = 0x800;
    private const int EFD_CLOEXEC = 0x80000;
    private const uint MFD_CLOEXEC = 1;
    private const uint MFD_ALLOW_SEALING = 2;
    private const uint MFD_EXEC = 0x10;
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    /// <summary>A pipe.</summary>
    /// <param name="nonBlocking">Both ends say EAGAIN instead of waiting.</param>
    public static unsafe (SafeFileHandle Read, SafeFileHandle Write) Create(bool nonBlocking = false)
    {
        int* ends = stackalloc int[2];
        int flags = O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0);
        Check.Result(pipe2(ends, flags), $"pipe2(0x{flags:x})");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>A counter that can be waited for. See eventfd(2).</summary>
    public static SafeFileHandle Event(uint initial = 0) => Check.Handle(eventfd(initial, EFD_CLOEXEC), $"eventfd({initial}, EFD_CLOEXEC)");

    /// <summary>A file in memory that can be sealed, executable too. The name is for /proc only. See memfd_create(2).</summary>
    public static SafeFileHandle MemoryFile(string name)
    {
        // Since 6.3 a sysctl may make memfds not executable unless asked for; before, the flag is unknown.
        const uint Flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        int result = memfd_create(name, Flags | MFD_EXEC);
        if (result < 0 && Check.LastErrno == Errno.EINVAL)
        {
            result = memfd_create(name, Flags);
        }

        return Check.Handle(result, $"memfd_create({name}, MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_EXEC)");
    }

    /// <summary>Forbids changes to a memory file, for good.</summary>
    public static void AddSeals(SafeFileHandle file, Seals seals)
        => Check.Result(fcntl(file, F_ADD_SEALS, (int)seals), $"fcntl({file}, F_ADD_SEALS, {seals})");

    /// <summary>What is forbidden.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: not a file that can be sealed.</exception>
    public static Seals GetSeals(SafeFileHandle file) => (Seals)Check.Result(fcntl(file, F_GET_SEALS, 0), $"fcntl({file}, F_GET_SEALS)");

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command, nint argument);
}
