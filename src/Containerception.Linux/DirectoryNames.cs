using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>
/// Directories whose names somebody hostile chose: a name is any bytes but NUL and slash, and one that is not UTF-8 would as a string be another.
/// Names are kept as the kernel gave them, with their NUL.
/// </summary>
public static partial class DirectoryNames
{
    /// <summary>Opens the directory of this name in another as O_PATH, never through a link; null when it is not there.</summary>
    public static SafeFileHandle? TryOpen(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        const OpenFlags Flags = OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC;
        int result = openat(parent, name, Flags.ToKernel(), 0);
        return result < 0 && Check.LastErrno == Errno.ENOENT ? null : Check.Handle(result, $"openat({parent}, {Text(name)}, {Flags})");
    }

    /// <summary>Takes an empty directory away, if it is there; false when it is in use (EBUSY).</summary>
    public static bool TryRemove(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        int result = unlinkat(parent, name, AtFlags.AT_REMOVEDIR);
        switch (result < 0 ? Check.LastErrno : 0)
        {
            case Errno.EBUSY:
                return false;
            case Errno.ENOENT:
                return true;
            default:
                Check.Result(result, $"unlinkat({parent}, {Text(name)}, {AtFlags.AT_REMOVEDIR})");
                return true;
        }
    }

    private static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name.TrimEnd((byte)0));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlinkat(SafeFileHandle directory, ReadOnlySpan<byte> name, AtFlags flags);
}
