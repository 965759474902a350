using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What is in files: read(2), write(2) and what moves bytes without reading them.</summary>
public static partial class FileContents
{
    private const int ChunkBytes = 4096;

    // sendfile(2) moves at most this much in one call.
    private const nint SendFileMax = 0x7ffff000;

    /// <summary>Reads once, as much as there is now; 0 at the end.</summary>
    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        nint result;
        do
        {
            result = read(file, buffer, buffer.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return (int)Check.Result(result, $"read({file}, {buffer.Length})");
    }

    /// <summary>Reads once from a descriptor that does not block; -1 when there is nothing now, 0 at the end.</summary>
    public static int TryRead(SafeFileHandle file, Span<byte> buffer)
    {
        nint result;
        do
        {
            result = read(file, buffer, buffer.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return result < 0 && Check.LastErrno == Errno.EAGAIN ? -1 : (int)Check.Result(result, $"read({file}, {buffer.Length})");
    }

    /// <summary>Everything from here to the end.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EFBIG"/>: more than <paramref name="bytesMax"/> bytes.</exception>
    public static byte[] ReadAll(SafeFileHandle file, int bytesMax)
    {
        // Most are small, and of the stack these pages have been touched before.
        scoped Span<byte> content = stackalloc byte[ChunkBytes];
        int length = 0;
        while (true)
        {
            int count = Read(file, content[length..]);
            length += count;
            if (length > bytesMax)
            {
                throw new LinuxException($"read({Descriptor.Describe(file)}), of which at most {bytesMax} bytes are read", Errno.EFBIG);
            }

            if (count == 0)
            {
                return content[..length].ToArray();
            }

            if (length == content.Length)
            {
                byte[] larger = new byte[Math.Min(content.Length * 2L, bytesMax + 1L)];
                content.CopyTo(larger);
                content = larger;
            }
        }
    }

    /// <summary>Opens a file, reads all of it, as UTF-8. For /proc, /sys and cgroups.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EFBIG"/>: more than <paramref name="bytesMax"/> bytes.</exception>
    public static string ReadText(SafeFileHandle directory, string path, int bytesMax)
    {
        using SafeFileHandle file = Files.OpenAt(directory, path, OpenFlags.O_RDONLY);
        return Encoding.UTF8.GetString(ReadAll(file, bytesMax));
    }

    /// <summary>Writes once; how much of it is returned.</summary>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        nint result;
        do
        {
            result = write(file, content, content.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return (int)Check.Result(result, $"write({file}, {Quote(content)}, {content.Length})");
    }

    /// <summary>Writes once to a descriptor that does not block; -1 when it takes nothing now.</summary>
    public static int TryWrite(SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        nint result;
        do
        {
            result = write(file, content, content.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return result < 0 && Check.LastErrno == Errno.EAGAIN
            ? -1
            : (int)Check.Result(result, $"write({file}, {Quote(content)}, {content.Length})");
    }

    /// <summary>Writes all of it. The files of /proc, /sys and cgroups get it in one call, as they need it.</summary>
    public static void WriteAll(SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        do
        {
            content = content[Write(file, content)..];
        }
        while (!content.IsEmpty);
    }

    /// <summary>Writes all of it at a place in the file.</summary>
    public static void WriteAllAt(SafeFileHandle file, ReadOnlySpan<byte> content, long offset)
    {
        while (!content.IsEmpty)
        {
            nint count = pwrite(file, content, content.Length, offset);
            if (count < 0 && Check.LastErrno == Errno.EINTR)
            {
                continue;
            }

            Check.Result(count, $"pwrite({file}, {Quote(content)}, {content.Length}, {offset})");
            content = content[(int)count..];
            offset += count;
        }
    }

    /// <summary>Opens a file that is there, and writes a text to it in one call. For /proc, /sys and cgroups.</summary>
    public static void WriteText(SafeFileHandle directory, string path, string text)
    {
        using SafeFileHandle file = Files.OpenAt(directory, path, OpenFlags.O_WRONLY);
        int size = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = size <= ChunkBytes ? stackalloc byte[size] : new byte[size];
        WriteAll(file, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    /// <summary>Copies the rest of a file to another inside the kernel; returns the number of bytes. See sendfile(2).</summary>
    public static long SendFile(SafeFileHandle to, SafeFileHandle from)
    {
        long copied = 0;
        while (true)
        {
            nint result = sendfile(to, from, 0, SendFileMax);
            if (result < 0 && Check.LastErrno == Errno.EINTR)
            {
                continue;
            }

            if (Check.Result(result, $"sendfile({to}, {from}, NULL, {SendFileMax})") == 0)
            {
                return copied;
            }

            copied += result;
        }
    }

    /// <summary>Copies up to <paramref name="length"/> bytes, sharing blocks where the filesystem can; 0 at the end. See copy_file_range(2).</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EXDEV"/>, <see cref="Errno.EINVAL"/>, <see cref="Errno.EOPNOTSUPP"/>: copy otherwise.</exception>
    public static long CopyRange(SafeFileHandle from, SafeFileHandle to, long length)
        => Check.Result(copy_file_range(from, 0, to, 0, (nuint)length, 0), $"copy_file_range({from}, NULL, {to}, NULL, {length}, 0)");

    /// <summary>Waits until the content is on the disk.</summary>
    public static void Fsync(SafeFileHandle file) => Check.Result(fsync(file), $"fsync({file})");

    /// <summary>Cuts or lengthens a file.</summary>
    public static void Ftruncate(SafeFileHandle file, long length) => Check.Result(ftruncate(file, length), $"ftruncate({file}, {length})");

    /// <summary>Locks an open file for itself, or shared; waits for it. The lock is the open file's and ends with it. See flock(2).</summary>
    public static void Flock(SafeFileHandle file, bool shared = false)
    {
        FileLocks operation = shared ? FileLocks.LOCK_SH : FileLocks.LOCK_EX;
        int result;
        do
        {
            result = flock(file, operation);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        Check.Result(result, $"flock({file}, {operation})");
    }

    /// <summary>The same; false when somebody else has the lock.</summary>
    public static bool TryFlock(SafeFileHandle file, bool shared = false)
    {
        FileLocks operation = FileLocks.LOCK_NB | (shared ? FileLocks.LOCK_SH : FileLocks.LOCK_EX);
        int result = flock(file, operation);
        if (result < 0 && Check.LastErrno == Errno.EAGAIN)
        {
            return false;
        }

        Check.Result(result, $"flock({file}, {operation})");
        return true;
    }

    /// <summary>Gives the lock back, also on behalf of those who have inherited the open file.</summary>
    public static void Funlock(SafeFileHandle file) => Check.Result(flock(file, FileLocks.LOCK_UN), $"flock({file}, LOCK_UN)");

    // Enough to recognise it: what is written may be megabytes.
    private static string Quote(ReadOnlySpan<byte> content)
    {
        const int Shown = 64;
        return Encoding.UTF8.GetString(content[..Math.Min(Shown, content.Length)]).ReplaceLineEndings("\\n");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle file, Span<byte> buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(SafeFileHandle file, ReadOnlySpan<byte> content, nint size, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle file, ReadOnlySpan<byte> buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendfile(SafeFileHandle to, SafeFileHandle from, nint offset, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint copy_file_range(SafeFileHandle from, nint fromOffset, SafeFileHandle to, nint toOffset, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(SafeFileHandle file, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, FileLocks operation);
}

/// <summary>flock(2) operations, spelled as in sys/file.h.</summary>
[Flags]
internal enum FileLocks
{
    None = 0,
    LOCK_SH = 1,
    LOCK_EX = 2,
    LOCK_NB = 4,
    LOCK_UN = 8,
}
