using System.Globalization;
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
    private const int MADV_DONTNEED = 4;
    private const int MapBytesMax = 1 << 22;

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

    /// <summary>Pages of this process that are as they are in their files, and so need not be kept: smaps of proc(5).</summary>
    public static IReadOnlyList<FilePages> CleanFilePages()
    {
        List<FilePages> clean = [];
        FilePages? read = null;
        foreach (ReadOnlySpan<char> line in FileContents.ReadText(Descriptor.WorkingDirectory, "/proc/self/smaps", MapBytesMax).EnumerateLines())
        {
            if (line.Length > 0 && char.IsAsciiHexDigitLower(line[0]))
            {
                read = FilePages.Parse(line);
            }
            else if (read is { } pages && line.StartsWith("Anonymous:", StringComparison.Ordinal) && line.TrimEnd(" kB").EndsWith(" 0", StringComparison.Ordinal))
            {
                // None was written, not even before it became read-only.
                clean.Add(pages);
            }
        }

        return clean;
    }

    /// <summary>Lets go of pages. Who needs one again has it read from its file: madvise(2), MADV_DONTNEED.</summary>
    public static void Forget(FilePages pages)
        => Check.Result(madvise(pages.Address, pages.Length, MADV_DONTNEED), $"madvise(0x{pages.Address:x}, {pages.Length}, MADV_DONTNEED)");

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

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(nuint address, nuint length, int advice);
}

/// <summary>A private mapping of a file that this process may not write.</summary>
public readonly record struct FilePages(nuint Address, nuint Length)
{
    /// <summary><c>00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/dbus-daemon</c>: maps of proc(5). Null for any other.</summary>
    internal static FilePages? Parse(ReadOnlySpan<char> line)
    {
        Span<Range> words = stackalloc Range[6];
        int count = line.Split(words, ' ', StringSplitOptions.RemoveEmptyEntries);
        if (count < 5 || line[words[1]] is not ['r', '-', _, 'p'] || line[words[4]] is "0")
        {
            return null;
        }

        ReadOnlySpan<char> range = line[words[0]];
        int dash = range.IndexOf('-');
        nuint start = nuint.Parse(range[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new FilePages(start, nuint.Parse(range[(dash + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) - start);
    }
}
