using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>setxattr(2) flags, spelled as in sys/xattr.h.</summary>
[Flags]
public enum XattrFlags
{
    None = 0,
    XATTR_CREATE = 1,
    XATTR_REPLACE = 2,
}

/// <summary>xattr(7) of open files. Not of O_PATH ones: give <see cref="Descriptor.MagicLink"/> of those to the calls by path.</summary>
public static partial class ExtendedAttributes
{
    // XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h.
    private const int BytesMax = 65536;

    // Most are short: capabilities have 20 bytes, labels under 100.
    private const int BytesFirst = 256;

    /// <summary>The value of an attribute; null when there is none of that name, or none at all on this filesystem.</summary>
    public static byte[]? TryGet(SafeFileHandle file, string name)
    {
        Span<byte> small = stackalloc byte[BytesFirst];
        nint length = fgetxattr(file, name, small, (nuint)small.Length);
        if (length >= 0)
        {
            return small[..(int)length].ToArray();
        }

        if (Check.LastErrno is Errno.ENODATA or Errno.EOPNOTSUPP)
        {
            return null;
        }

        byte[] large = [];
        if (Check.LastErrno == Errno.ERANGE)
        {
            large = new byte[BytesMax];
            length = fgetxattr(file, name, large, (nuint)large.Length);
        }

        Check.Result(length, $"fgetxattr({file}, {name})");
        return large[..(int)length];
    }

    /// <summary>Sets an attribute.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EOPNOTSUPP"/>: this filesystem has no such attributes.</exception>
    public static void Set(SafeFileHandle file, string name, ReadOnlySpan<byte> value, XattrFlags flags = XattrFlags.None)
        => Check.Result(fsetxattr(file, name, value, (nuint)value.Length, flags), $"fsetxattr({file}, {name}, {value.Length} bytes, {flags})");

    /// <summary>Sets an attribute of the file at a path; a link is followed.</summary>
    public static void Set(string path, string name, ReadOnlySpan<byte> value, XattrFlags flags = XattrFlags.None)
        => Check.Result(setxattr(path, name, value, (nuint)value.Length, flags), $"setxattr({path}, {name}, {value.Length} bytes, {flags})");

    /// <summary>Takes an attribute away.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENODATA"/>: there is none.</exception>
    public static void Remove(SafeFileHandle file, string name) => Check.Result(fremovexattr(file, name), $"fremovexattr({file}, {name})");

    /// <summary>The names of all attributes that the caller may see.</summary>
    public static string[] List(SafeFileHandle file)
    {
        byte[] names = new byte[BytesMax];
        nint length = Check.Result(flistxattr(file, names, (nuint)names.Length), $"flistxattr({file})");
        return FileNames.Read(names.AsSpan(0, (int)length)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint fgetxattr(SafeFileHandle file, string name, Span<byte> value, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int fsetxattr(SafeFileHandle file, string name, ReadOnlySpan<byte> value, nuint size, XattrFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int setxattr(string path, string name, ReadOnlySpan<byte> value, nuint size, XattrFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int fremovexattr(SafeFileHandle file, string name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint flistxattr(SafeFileHandle file, Span<byte> names, nuint size);
}
