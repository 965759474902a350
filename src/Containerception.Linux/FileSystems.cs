using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>f_type of fstatfs(2), spelled as in linux/magic.h.</summary>
public enum FileSystemMagic : long
{
    None = 0,
    DEVPTS_SUPER_MAGIC = 0x1cd1,
    NFS_SUPER_MAGIC = 0x6969,
    PROC_SUPER_MAGIC = 0x9fa0,
    EXT4_SUPER_MAGIC = 0xEF53,
    CGROUP_SUPER_MAGIC = 0x27e0eb,
    TMPFS_MAGIC = 0x01021994,
    SMB2_SUPER_MAGIC = 0xFE534D42,
    PID_FS_MAGIC = 0x50494446,
    XFS_SUPER_MAGIC = 0x58465342,
    SYSFS_MAGIC = 0x62656572,
    CGROUP2_SUPER_MAGIC = 0x63677270,
    DEBUGFS_MAGIC = 0x64626720,
    FUSE_SUPER_MAGIC = 0x65735546,
    NSFS_MAGIC = 0x6e736673,
    SQUASHFS_MAGIC = 0x73717368,
    SECURITYFS_MAGIC = 0x73636673,
    TRACEFS_MAGIC = 0x74726163,
    OVERLAYFS_SUPER_MAGIC = 0x794c7630,
    RAMFS_MAGIC = 0x858458f6,
    BTRFS_SUPER_MAGIC = 0x9123683E,
    HUGETLBFS_MAGIC = 0x958458f6,
    BPF_FS_MAGIC = 0xcafe4a11,
    EROFS_SUPER_MAGIC_V1 = 0xE0F5E1E2,
    SELINUX_MAGIC = 0xf97cff8c,
}

/// <summary>f_flags of fstatfs(2): what the mount allows, spelled as in statfs(2).</summary>
[Flags]
public enum FileSystemFlags : ulong
{
    None = 0,
    ST_RDONLY = 0x1,
    ST_NOSUID = 0x2,
    ST_NODEV = 0x4,
    ST_NOEXEC = 0x8,
    ST_SYNCHRONOUS = 0x10,

    /// <summary>The kernel filled the flags in: always.</summary>
    ST_VALID = 0x20,
    ST_MANDLOCK = 0x40,
    ST_NOATIME = 0x400,
    ST_NODIRATIME = 0x800,
    ST_RELATIME = 0x1000,
    ST_NOSYMFOLLOW = 0x2000,
}

/// <summary>What fstatfs(2) tells of the mount and the filesystem that a file is on.</summary>
public readonly record struct FileSystemStatus(FileSystemMagic Type, FileSystemFlags Flags, ulong BlockBytes, ulong Blocks, ulong BlocksAvailable);

/// <summary>fstatfs(2).</summary>
public static partial class FileSystems
{
    /// <summary>The filesystem and mount of an open file, also of an O_PATH one.</summary>
    public static FileSystemStatus Fstatfs(SafeFileHandle file)
    {
        Check.Result(fstatfs(file, out StatfsBuffer buffer), $"fstatfs({file})");
        return new FileSystemStatus(buffer.f_type, buffer.f_flags, (ulong)buffer.f_bsize, buffer.f_blocks, buffer.f_bavail);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(SafeFileHandle file, out StatfsBuffer buffer);
}

/// <summary>struct statfs of asm-generic/statfs.h: the same on x86-64 and arm64.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
internal struct StatfsBuffer
{
    public FileSystemMagic f_type;
    public long f_bsize;
    public ulong f_blocks;
    public ulong f_bfree;
    public ulong f_bavail;
    public ulong f_files;
    public ulong f_ffree;
    public long f_fsid;
    public long f_namelen;
    public long f_frsize;
    public FileSystemFlags f_flags;
}
