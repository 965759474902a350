using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>
/// Names in directories: openat2(2) and the *at calls. Every call starts at a directory's descriptor; what a container can influence is
/// opened with <see cref="ResolveFlags.RESOLVE_IN_ROOT"/> once, and from then on it is the descriptor.
/// </summary>
public static partial class Files
{
    private const int LinkLengthMax = 4096;

    // openat2(2): EAGAIN when a rename or mount elsewhere raced with ".." under RESOLVE_IN_ROOT; "callers should retry". The bound is
    // for an attacker who renames without end.
    private const int RaceAttempts = 128;

    private const int W_OK = 2;

    // fcntl.h has given the bit a second name for faccessat.
    private const AtFlags AT_EACCESS = AtFlags.AT_REMOVEDIR;

    private const UnixFileMode PermissionBits = (UnixFileMode)0xFFF;

    /// <summary>Opens a file; close-on-exec is added. For paths that nobody hostile can influence.</summary>
    public static SafeFileHandle OpenAt(SafeFileHandle directory, string path, OpenFlags flags, UnixFileMode mode = UnixFileMode.None)
    {
        flags |= OpenFlags.O_CLOEXEC;
        int result;
        do
        {
            result = openat(directory, path, flags.ToKernel(), mode);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return Check.Handle(result, $"openat({directory}, {path}, {flags}, {mode})");
    }

    /// <summary>Opens a file from an absolute path, or one from the working directory. For paths that nobody hostile can influence.</summary>
    public static SafeFileHandle Open(string path, OpenFlags flags, UnixFileMode mode = UnixFileMode.None)
        => OpenAt(Descriptor.WorkingDirectory, path, flags, mode);

    /// <summary>Opens a file without crossing what <paramref name="resolve"/> names; close-on-exec is added. See openat2(2).</summary>
    /// <exception cref="LinuxException">
    /// <see cref="Errno.ELOOP"/>: a link that is forbidden; <see cref="Errno.EXDEV"/>: a way out that is forbidden;
    /// <see cref="Errno.EAGAIN"/>: somebody kept moving directories.
    /// </exception>
    public static SafeFileHandle OpenAt2(
        SafeFileHandle directory, string path, OpenFlags flags, ResolveFlags resolve, UnixFileMode mode = UnixFileMode.None)
        => Check.Handle(ResolveAndOpen(directory, path, flags, resolve, mode),
            $"openat2({directory}, {path}, {{flags={flags | OpenFlags.O_CLOEXEC}, mode={mode}, resolve={resolve}}})");

    /// <summary>The same; null when there is no such file.</summary>
    public static SafeFileHandle? TryOpenAt2(
        SafeFileHandle directory, string path, OpenFlags flags, ResolveFlags resolve, UnixFileMode mode = UnixFileMode.None)
    {
        int result = ResolveAndOpen(directory, path, flags, resolve, mode);
        return result < 0 && Check.LastErrno == Errno.ENOENT
            ? null
            : Check.Handle(result, $"openat2({directory}, {path}, {{flags={flags | OpenFlags.O_CLOEXEC}, mode={mode}, resolve={resolve}}})");
    }

    /// <summary>Opens again what an O_PATH descriptor stands for, with other flags. It is the same file, whatever its name has become.</summary>
    public static SafeFileHandle Reopen(SafeFileHandle file, OpenFlags flags)
        => OpenAt(Descriptor.WorkingDirectory, Descriptor.MagicLink(file), flags & ~OpenFlags.O_NOFOLLOW);

    /// <summary>Makes a directory. The mode is cut by the umask.</summary>
    public static void MkdirAt(SafeFileHandle directory, string path, UnixFileMode mode)
        => Check.Result(mkdirat(directory, path, mode), $"mkdirat({directory}, {path}, {mode})");

    /// <summary>The same; false when the name is taken, by whatever it is.</summary>
    public static bool TryMkdirAt(SafeFileHandle directory, string path, UnixFileMode mode)
    {
        int result = mkdirat(directory, path, mode);
        if (result < 0 && Check.LastErrno == Errno.EEXIST)
        {
            return false;
        }

        Check.Result(result, $"mkdirat({directory}, {path}, {mode})");
        return true;
    }

    /// <summary>Makes a device, a fifo, a socket's name or an empty file. The mode is cut by the umask.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: devices are not made in user namespaces.</exception>
    public static void MknodAt(SafeFileHandle directory, string path, FileType type, UnixFileMode mode, DeviceNumber device = default)
        => Check.Result(mknodat(directory, path, (uint)type | (uint)mode, device.ToKernel()),
            $"mknodat({directory}, {path}, {type}|{mode}, {device})");

    /// <summary>Makes the symbolic link <paramref name="path"/>, which says <paramref name="text"/>.</summary>
    public static void SymlinkAt(string text, SafeFileHandle directory, string path)
        => Check.Result(symlinkat(text, directory, path), $"symlinkat({text}, {directory}, {path})");

    /// <summary>What a symbolic link says, or with an empty path what the O_PATH descriptor of a link says. At most 4095 bytes.</summary>
    public static string ReadLinkAt(SafeFileHandle directory, string path)
    {
        Span<byte> buffer = stackalloc byte[LinkLengthMax];
        nint length = Check.Result(readlinkat(directory, path, buffer, buffer.Length), $"readlinkat({directory}, {path})");
        return FileNames.Read(buffer[..(int)length]);
    }

    /// <summary>Gives a file another name. AT_EMPTY_PATH names the descriptor itself (an O_TMPFILE); that needs CAP_DAC_READ_SEARCH.</summary>
    public static void LinkAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, AtFlags flags = AtFlags.None)
        => Check.Result(linkat(fromDirectory, from, toDirectory, to, flags), $"linkat({fromDirectory}, {from}, {toDirectory}, {to}, {flags})");

    /// <summary>Takes a name away; a directory's with AT_REMOVEDIR.</summary>
    public static void UnlinkAt(SafeFileHandle directory, string path, AtFlags flags = AtFlags.None)
        => Check.Result(unlinkat(directory, path, flags), $"unlinkat({directory}, {path}, {flags})");

    /// <summary>The same; false when there was no such name.</summary>
    public static bool TryUnlinkAt(SafeFileHandle directory, string path, AtFlags flags = AtFlags.None)
    {
        int result = unlinkat(directory, path, flags);
        if (result < 0 && Check.LastErrno == Errno.ENOENT)
        {
            return false;
        }

        Check.Result(result, $"unlinkat({directory}, {path}, {flags})");
        return true;
    }

    /// <summary>Renames a file, in place of what has the name already unless the flags forbid it.</summary>
    public static void RenameAt2(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, RenameFlags flags = RenameFlags.None)
        => Check.Result(renameat2(fromDirectory, from, toDirectory, to, flags),
            $"renameat2({fromDirectory}, {from}, {toDirectory}, {to}, {flags})");

    /// <summary>Gives a file to an owner and a group; null leaves one. With AT_EMPTY_PATH and an empty path the descriptor's own file.</summary>
    public static void FchownAt(SafeFileHandle directory, string path, uint? uid, uint? gid, AtFlags flags = AtFlags.None)
        => Check.Result(fchownat(directory, path, uid ?? uint.MaxValue, gid ?? uint.MaxValue, flags),
            $"fchownat({directory}, {path}, {uid ?? -1L}, {gid ?? -1L}, {flags})");

    /// <summary>Whether the caller may write there: not where it is mounted read-only, either. See access(2).</summary>
    public static bool MayWrite(string path) => faccessat(Descriptor.WorkingDirectory, path, W_OK, AT_EACCESS) == 0;

    /// <summary>Sets a file's permissions; a trailing symbolic link is followed.</summary>
    public static void FchmodAt(SafeFileHandle directory, string path, UnixFileMode mode)
        => Check.Result(fchmodat(directory, path, mode & PermissionBits, 0), $"fchmodat({directory}, {path}, {mode}, 0)");

    /// <summary>Sets an open file's permissions. Not for O_PATH descriptors.</summary>
    public static void Fchmod(SafeFileHandle file, UnixFileMode mode)
        => Check.Result(fchmod(file, mode & PermissionBits), $"fchmod({file}, {mode})");

    /// <summary>Makes the directory the caller's working directory. See fchdir(2).</summary>
    public static void Fchdir(SafeFileHandle directory) => Check.Result(fchdir(directory), $"fchdir({directory})");

    /// <summary>Sets the mask that new files' modes are cut by, and returns the old one.</summary>
    public static UnixFileMode Umask(UnixFileMode mask) => umask(mask);

    private static unsafe int ResolveAndOpen(
        SafeFileHandle directory, string path, OpenFlags flags, ResolveFlags resolve, UnixFileMode mode)
    {
        OpenHow how = new()
        {
            flags = (uint)(flags | OpenFlags.O_CLOEXEC).ToKernel(),
            mode = (ulong)mode,
            resolve = resolve,
        };

        nint result = -1;
        for (int attempt = 0; attempt < RaceAttempts; attempt++)
        {
            result = openat2(SyscallNumbers.SYS_openat2, directory, path, how, (nuint)sizeof(OpenHow));
            if (result >= 0 || Check.LastErrno is not (Errno.EAGAIN or Errno.EINTR))
            {
                break;
            }
        }

        return (int)result;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int openat(SafeFileHandle directory, string path, int flags, UnixFileMode mode);

    // No libc symbol.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint openat2(long number, SafeFileHandle directory, string path, in OpenHow how, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int mkdirat(SafeFileHandle directory, string path, UnixFileMode mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int mknodat(SafeFileHandle directory, string path, uint mode, ulong device);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int symlinkat(string text, SafeFileHandle directory, string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint readlinkat(SafeFileHandle directory, string path, Span<byte> buffer, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int linkat(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, AtFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int unlinkat(SafeFileHandle directory, string path, AtFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int renameat2(
        SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, RenameFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int fchownat(SafeFileHandle directory, string path, uint uid, uint gid, AtFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int faccessat(SafeFileHandle directory, string path, int mode, AtFlags flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int fchmodat(SafeFileHandle directory, string path, UnixFileMode mode, AtFlags flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(SafeFileHandle file, UnixFileMode mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchdir(SafeFileHandle directory);

    [LibraryImport("libc")]
    private static partial UnixFileMode umask(UnixFileMode mask);
}

/// <summary>struct open_how of linux/openat2.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    public ulong flags;
    public ulong mode;
    public ResolveFlags resolve;
}

/// <summary>renameat2(2) flags, spelled as in linux/fs.h.</summary>
[Flags]
public enum RenameFlags : uint
{
    None = 0,
    RENAME_NOREPLACE = 1,
    RENAME_EXCHANGE = 2,
    RENAME_WHITEOUT = 4,
}
