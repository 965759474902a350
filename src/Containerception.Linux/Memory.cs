using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What may be done with pages, spelled as in sys/mman.h.</summary>
[Flags]
public enum MemoryProtection
{
    PROT_NONE = 0,
    PROT_READ = 1,
    PROT_WRITE = 2,
    PROT_EXEC = 4,
}

/// <summary>mmap(2) flags, spelled as in sys/mman.h. The values are the generic ones of x86-64 and arm64.</summary>
[Flags]
public enum MappingFlags
{
    None = 0,
    MAP_SHARED = 0x1,
    MAP_PRIVATE = 0x2,
    MAP_FIXED = 0x10,
    MAP_ANONYMOUS = 0x20,
    MAP_NORESERVE = 0x4000,
    MAP_POPULATE = 0x8000,
    MAP_STACK = 0x20000,
    MAP_FIXED_NOREPLACE = 0x100000,
}

/// <summary>Pages of memory: mmap(2), mprotect(2), munmap(2).</summary>
public static unsafe partial class Memory
{
    /// <summary>New pages, all zero.</summary>
    public static void* MapAnonymous(nuint length, MemoryProtection protection, MappingFlags flags = MappingFlags.MAP_PRIVATE)
    {
        flags |= MappingFlags.MAP_ANONYMOUS;
        nint address = mmap(0, length, protection, flags, -1, 0);
        Check.Result(address == -1 ? -1 : 0, $"mmap(NULL, {length}, {protection}, {flags}, -1, 0)");
        return (void*)address;
    }

    /// <summary>A file's pages.</summary>
    public static void* Map(SafeFileHandle file, nuint length, MemoryProtection protection, MappingFlags flags, long offset = 0)
    {
        nint address = mmap(0, length, protection, flags, file, offset);
        Check.Result(address == -1 ? -1 : 0, $"mmap(NULL, {length}, {protection}, {flags}, {file}, {offset})");
        return (void*)address;
    }

    /// <summary>Changes what may be done with pages.</summary>
    public static void Protect(void* address, nuint length, MemoryProtection protection)
        => Check.Result(mprotect(address, length, protection), $"mprotect(0x{(nuint)address:x}, {length}, {protection})");

    /// <summary>Gives pages back.</summary>
    public static void Unmap(void* address, nuint length) => Check.Result(munmap(address, length), $"munmap(0x{(nuint)address:x}, {length})");

    /// <summary>Gives back what the C library keeps of memory that was freed: malloc_trim(3).</summary>
    public static void TrimHeap() => _ = malloc_trim(0);

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint kept);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, MemoryProtection protection, MappingFlags flags, int file, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(
        nint address, nuint length, MemoryProtection protection, MappingFlags flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(void* address, nuint length, MemoryProtection protection);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}
