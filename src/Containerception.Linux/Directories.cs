using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>A name in a directory. The type is 0 where the filesystem does not tell.</summary>
public readonly record struct DirectoryEntry(string Name, FileType Type);

/// <summary>What is in a directory: getdents64(2).</summary>
public static partial class Directories
{
    private const int BufferBytes = 8192;

    // struct linux_dirent64: __u64 d_ino; __s64 d_off; __u16 d_reclen; __u8 d_type; char d_name[];
    private const int LengthOffset = 16;
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    // d_type is the file type's bits of st_mode, moved down: DTTOIF of dirent.h.
    private const int TypeShift = 12;

    /// <summary>The names, without "." and "..". Reads from the descriptor's position: once for each open. Not for O_PATH.</summary>
    public static List<DirectoryEntry> Read(SafeFileHandle directory)
    {
        List<DirectoryEntry> entries = [];
        Read(directory, (name, type) => entries.Add(new(FileNames.Read(name), type)));
        return entries;
    }

    /// <summary>The names of the directories in it, as the kernel keeps them, each with its NUL: for <see cref="DirectoryNames"/>.</summary>
    public static List<byte[]> ReadSubdirectories(SafeFileHandle directory)
    {
        List<byte[]> names = [];
        Read(directory, (name, type) =>
        {
            if (type == FileType.S_IFDIR)
            {
                names.Add([.. name, 0]);
            }
        });
        return names;
    }

    private static void Read(SafeFileHandle directory, Action<ReadOnlySpan<byte>, FileType> add)
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        while (true)
        {
            nint length = Check.Result(getdents64(directory, buffer, buffer.Length), $"getdents64({directory}, {buffer.Length})");
            if (length == 0)
            {
                return;
            }

            for (Span<byte> rest = buffer[..(int)length]; !rest.IsEmpty; rest = rest[MemoryMarshal.Read<ushort>(rest[LengthOffset..])..])
            {
                Span<byte> name = rest[NameOffset..MemoryMarshal.Read<ushort>(rest[LengthOffset..])];
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    add(name, (FileType)(rest[TypeOffset] << TypeShift));
                }
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getdents64(SafeFileHandle directory, Span<byte> buffer, nint size);
}
