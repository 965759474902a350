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

/// <summary>Files without a name, in memory: memfd_create(2).</summary>
public static partial class MemoryFiles
{
    /// <summary>A new empty file; close-on-exec is added. The name only shows in /proc.</summary>
    public static SafeFileHandle Create(string name, MemfdFlags flags = MemfdFlags.None)
    {
        flags |= MemfdFlags.MFD_CLOEXEC;
        return Check.Handle(memfd_create(name, flags), $"memfd_create({name}, {flags})");
    }

    /// <summary>Goes back to the start of a file, to read what was written.</summary>
    public static void Rewind(SafeFileHandle file) => Check.Result((nint)lseek(file, 0, 0), $"lseek({file}, 0, SEEK_SET)");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int memfd_create(string name, MemfdFlags flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);
}
