using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Who a file belongs to. chown(2).</summary>
public static partial class Ownership
{
    /// <summary>The id that is left as it is.</summary>
    public const uint Unchanged = uint.MaxValue;

    /// <summary>Gives a file below a directory to a user and a group; false when there is none. A link is itself given, not followed.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: only root gives files away.</exception>
    public static bool TryFchownAt(SafeFileHandle directory, string path, uint uid, uint gid)
    {
        const int AT_SYMLINK_NOFOLLOW = 0x100;
        int result = fchownat(directory, path, uid, gid, AT_SYMLINK_NOFOLLOW);
        if (result < 0 && Check.LastErrno == Errno.ENOENT)
        {
            return false;
        }

        Check.Result(result, $"fchownat({directory}, {path}, {uid}, {gid}, AT_SYMLINK_NOFOLLOW)");
        return true;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int fchownat(SafeFileHandle directory, string path, uint uid, uint gid, int flags);
}
