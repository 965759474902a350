using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>memfd_create(2) flags, spelled as in linux/memfd.h.</summary>
[Flags]
public enum MemfdFlags : uint
{
    None = 0,
    MFD_CLOEXEC = 0x1,
    MFD_ALLOW_SEALING = 0x2,

    /// <summary>Never executable, whatever chmod says. Since Linux 6.3.</summary>
    MFD_NOEXEC_SEAL = 0x8,

    /// <summary>Executable, said aloud. Since Linux 6.3.</summary>
    MFD_EXEC = 0x10,
}

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

/// <summary>Files without a name, in memory: memfd_create(2).</summary>
public static partial class MemoryFiles
{
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    /// <summary>A new empty file; close-on-exec is added. The name only shows in /proc.</summary>
    public static SafeFileHandle Create(string name, MemfdFlags flags = MemfdFlags.None)
    {
        flags |= MemfdFlags.MFD_CLOEXEC;
        return Check.Handle(memfd_create(name, flags), $"memfd_create({name}, {flags})");
    }

    /// <summary>A file for a program: it can be sealed, and executed also where a sysctl (since Linux 6.3) makes that the exception.</summary>
    public static SafeFileHandle CreateExecutable(string name)
    {
        const MemfdFlags Flags = MemfdFlags.MFD_CLOEXEC | MemfdFlags.MFD_ALLOW_SEALING;
        int result = memfd_create(name, Flags | MemfdFlags.MFD_EXEC);
        if (result < 0 && Check.LastErrno == Errno.EINVAL)
        {
            // Before 6.3 the flag is unknown, and every one is executable.
            result = memfd_create(name, Flags);
        }

        return Check.Handle(result, $"memfd_create({name}, {Flags | MemfdFlags.MFD_EXEC})");
    }

    /// <summary>Forbids changes to a file, for good.</summary>
    public static void AddSeals(SafeFileHandle file, Seals seals)
        => Check.Result(fcntl(file, F_ADD_SEALS, (nint)seals), $"fcntl({file}, F_ADD_SEALS, {seals})");

    /// <summary>What is forbidden; null for a file that cannot be sealed.</summary>
    public static Seals? TryGetSeals(SafeFileHandle file)
    {
        int seals = fcntl(file, F_GET_SEALS, 0);
        return seals < 0 && Check.LastErrno == Errno.EINVAL ? null : (Seals)Check.Result(seals, $"fcntl({file}, F_GET_SEALS)");
    }

    /// <summary>Goes back to the start of a file, to read what was written.</summary>
    public static void Rewind(SafeFileHandle file) => Check.Result((nint)lseek(file, 0, 0), $"lseek({file}, 0, SEEK_SET)");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int memfd_create(string name, MemfdFlags flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command, nint argument);
}
