using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>mount(2) flags, spelled as in linux/mount.h.</summary>
[Flags]
public enum MountFlags : ulong
{
    None = 0,
    MS_RDONLY = 1 << 0,
    MS_NOSUID = 1 << 1,
    MS_NODEV = 1 << 2,
    MS_NOEXEC = 1 << 3,
    MS_SYNCHRONOUS = 1 << 4,
    MS_REMOUNT = 1 << 5,
    MS_MANDLOCK = 1 << 6,
    MS_DIRSYNC = 1 << 7,
    MS_NOSYMFOLLOW = 1 << 8,
    MS_NOATIME = 1 << 10,
    MS_NODIRATIME = 1 << 11,
    MS_BIND = 1 << 12,
    MS_MOVE = 1 << 13,
    MS_REC = 1 << 14,
    MS_SILENT = 1 << 15,
    MS_POSIXACL = 1 << 16,
    MS_UNBINDABLE = 1 << 17,
    MS_PRIVATE = 1 << 18,
    MS_SLAVE = 1 << 19,
    MS_SHARED = 1 << 20,
    MS_RELATIME = 1 << 21,
    MS_I_VERSION = 1 << 23,
    MS_STRICTATIME = 1 << 24,
    MS_LAZYTIME = 1 << 25,
}

/// <summary>umount2(2) flags, spelled as in sys/mount.h.</summary>
[Flags]
public enum UmountFlags
{
    None = 0,
    MNT_FORCE = 1 << 0,
    MNT_DETACH = 1 << 1,
    MNT_EXPIRE = 1 << 2,
    UMOUNT_NOFOLLOW = 1 << 3,
}

/// <summary>The old mount API, by path: mount(2), umount2(2), pivot_root(2), chroot(2). <see cref="NewMounts"/> works on descriptors.</summary>
public static partial class Mounting
{
    /// <summary>Attaches a filesystem at <paramref name="target"/>, or changes what is there. See mount(2).</summary>
    /// <exception cref="LinuxException">The kernel refused; <see cref="Errno.EPERM"/> without CAP_SYS_ADMIN.</exception>
    public static void Mount(string? source, string target, string? type, MountFlags flags, string? data = null)
        => Check.Result(mount(source, target, type, flags, data), $"mount({source}, {target}, {type}, {flags}, {data})");

    /// <summary>Takes away the topmost mount at <paramref name="target"/>. See umount2(2).</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: not a mount point; <see cref="Errno.EBUSY"/>: in use.</exception>
    public static void Umount(string target, UmountFlags flags)
        => Check.Result(umount2(target, flags), $"umount2({target}, {flags})");

    /// <summary>Makes <paramref name="newRoot"/> the root of this mount namespace and moves the old one to <paramref name="putOld"/>.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: not a mount point, shared, or the root is a ramfs (an initrd).</exception>
    public static void PivotRoot(string newRoot, string putOld)
        => Check.Result(pivot_root(SyscallNumbers.SYS_pivot_root, newRoot, putOld), $"pivot_root({newRoot}, {putOld})");

    /// <summary>Makes <paramref name="path"/> the root directory of the caller; the working directory stays. See chroot(2).</summary>
    public static void Chroot(string path) => Check.Result(chroot(path), $"chroot({path})");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int mount(string? source, string target, string? type, MountFlags flags, string? data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int umount2(string target, UmountFlags flags);

    // No libc symbol.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint pivot_root(long number, string newRoot, string putOld);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int chroot(string path);
}
