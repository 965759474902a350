using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What a file is, spelled as in sys/stat.h.</summary>
public enum FileType : uint
{
    None = 0,
    S_IFIFO = 0x1000,
    S_IFCHR = 0x2000,
    S_IFDIR = 0x4000,
    S_IFBLK = 0x6000,
    S_IFREG = 0x8000,
    S_IFLNK = 0xA000,
    S_IFSOCK = 0xC000,
}

/// <summary>The number of a device: major(3) and minor(3).</summary>
public readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>As libc's dev_t, the argument of mknodat(2): 12 low bits of the major, and the minor around them.</summary>
    public ulong ToKernel()
        => ((Major & 0xFFFFF000UL) << 32) | ((Major & 0xFFFUL) << 8) | ((Minor & 0xFFFFFF00UL) << 12) | (Minor & 0xFFUL);

    public override string ToString() => $"{Major}:{Minor}";
}

/// <summary>What statx(2) tells of a file.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Permissions">The twelve low bits of its mode.</param>
/// <param name="Uid">Its owner, as this user namespace numbers it.</param>
/// <param name="Gid">Its group.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Inode">Its number on its filesystem.</param>
/// <param name="Device">The device that its filesystem is on: with the inode, who it is.</param>
/// <param name="RepresentedDevice">What a device file stands for.</param>
/// <param name="MountId">The mount it was reached through, as in /proc/self/mountinfo; 0 before Linux 5.8.</param>
/// <param name="IsMountRoot">It is the top of that mount; since Linux 5.8.</param>
/// <param name="Modified">When its content was last changed.</param>
public readonly record struct FileStatus(
    FileType Type,
    UnixFileMode Permissions,
    uint Uid,
    uint Gid,
    uint Links,
    ulong Size,
    ulong Inode,
    DeviceNumber Device,
    DeviceNumber RepresentedDevice,
    ulong MountId,
    bool IsMountRoot,
    DateTimeOffset Modified)
{
    public bool IsDirectory => Type == FileType.S_IFDIR;

    public bool IsRegular => Type == FileType.S_IFREG;

    public bool IsSymbolicLink => Type == FileType.S_IFLNK;
}

/// <summary>statx(2): the one stat whose struct is the same on every architecture.</summary>
public static partial class FileStatuses
{
    private const uint STATX_BASIC_STATS = 0x7ff;
    private const uint STATX_MNT_ID = 0x1000;
    private const ulong STATX_ATTR_MOUNT_ROOT = 0x2000;
    private const uint TypeMask = 0xF000;
    private const uint PermissionMask = 0xFFF;

    /// <summary>The status of an open file, also of an O_PATH one.</summary>
    public static FileStatus Statx(SafeFileHandle file) => Statx(file, "", AtFlags.AT_EMPTY_PATH);

    /// <summary>The status of the file at a path; of the link itself with AT_SYMLINK_NOFOLLOW.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENOENT"/>: no such file.</exception>
    public static FileStatus Statx(SafeFileHandle directory, string path, AtFlags flags)
    {
        int result = statx(directory, path, flags | AtFlags.AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, out StatxBuffer buffer);
        Check.Result(result, $"statx({directory}, {path}, {flags | AtFlags.AT_NO_AUTOMOUNT}, STATX_BASIC_STATS|STATX_MNT_ID)");
        return Translate(buffer);
    }

    /// <summary>The same; null when there is no such file, or no such directory on the way.</summary>
    public static FileStatus? TryStatx(SafeFileHandle directory, string path, AtFlags flags)
    {
        int result = statx(directory, path, flags | AtFlags.AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, out StatxBuffer buffer);
        if (result < 0 && Check.LastErrno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }

        Check.Result(result, $"statx({directory}, {path}, {flags | AtFlags.AT_NO_AUTOMOUNT}, STATX_BASIC_STATS|STATX_MNT_ID)");
        return Translate(buffer);
    }

    private static FileStatus Translate(in StatxBuffer buffer) => new(
        (FileType)(buffer.stx_mode & TypeMask),
        (UnixFileMode)(buffer.stx_mode & PermissionMask),
        buffer.stx_uid,
        buffer.stx_gid,
        buffer.stx_nlink,
        buffer.stx_size,
        buffer.stx_ino,
        new DeviceNumber(buffer.stx_dev_major, buffer.stx_dev_minor),
        new DeviceNumber(buffer.stx_rdev_major, buffer.stx_rdev_minor),
        (buffer.stx_mask & STATX_MNT_ID) != 0 ? buffer.stx_mnt_id : 0,
        (buffer.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
        DateTimeOffset.FromUnixTimeSeconds(buffer.stx_mtime.tv_sec).AddTicks(buffer.stx_mtime.tv_nsec / TimeSpan.NanosecondsPerTick));

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int statx(SafeFileHandle directory, string path, AtFlags flags, uint mask, out StatxBuffer buffer);
}

/// <summary>struct statx of linux/stat.h.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct StatxBuffer
{
    public uint stx_mask;
    public uint stx_blksize;
    public ulong stx_attributes;
    public uint stx_nlink;
    public uint stx_uid;
    public uint stx_gid;
    public ushort stx_mode;
    public ulong stx_ino;
    public ulong stx_size;
    public ulong stx_blocks;
    public ulong stx_attributes_mask;
    public StatxTimestamp stx_atime;
    public StatxTimestamp stx_btime;
    public StatxTimestamp stx_ctime;
    public StatxTimestamp stx_mtime;
    public uint stx_rdev_major;
    public uint stx_rdev_minor;
    public uint stx_dev_major;
    public uint stx_dev_minor;
    public ulong stx_mnt_id;
}

/// <summary>struct statx_timestamp of linux/stat.h.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct StatxTimestamp
{
    public long tv_sec;
    public uint tv_nsec;
}
