using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>
/// open(2) flags, spelled as in fcntl.h. The values are x86-64's, which are asm-generic's; arm64 has four of them elsewhere, so what goes to
/// the kernel is <see cref="OpenFlagsValues.ToKernel"/>.
/// </summary>
[Flags]
public enum OpenFlags
{
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_CREAT = 0x40,
    O_EXCL = 0x80,
    O_NOCTTY = 0x100,
    O_TRUNC = 0x200,
    O_APPEND = 0x400,
    O_NONBLOCK = 0x800,
    O_DSYNC = 0x1000,
    O_ASYNC = 0x2000,
    O_DIRECT = 0x4000,
    O_DIRECTORY = 0x10000,
    O_NOFOLLOW = 0x20000,
    O_NOATIME = 0x40000,
    O_CLOEXEC = 0x80000,
    O_SYNC = 0x101000,
    O_PATH = 0x200000,
    O_TMPFILE = 0x410000,
}

/// <summary>openat2(2): what resolving a path may cross, spelled as in linux/openat2.h.</summary>
[Flags]
public enum ResolveFlags : ulong
{
    None = 0,
    RESOLVE_NO_XDEV = 0x01,
    RESOLVE_NO_MAGICLINKS = 0x02,
    RESOLVE_NO_SYMLINKS = 0x04,
    RESOLVE_BENEATH = 0x08,
    RESOLVE_IN_ROOT = 0x10,
    RESOLVE_CACHED = 0x20,
}

/// <summary>Flags of the *at calls, spelled as in fcntl.h.</summary>
[Flags]
public enum AtFlags
{
    None = 0,
    AT_SYMLINK_NOFOLLOW = 0x100,
    AT_REMOVEDIR = 0x200,
    AT_SYMLINK_FOLLOW = 0x400,
    AT_NO_AUTOMOUNT = 0x800,
    AT_EMPTY_PATH = 0x1000,
}

/// <summary>Between <see cref="OpenFlags"/> and the numbers of this machine.</summary>
public static class OpenFlagsValues
{
    // arch/arm64/include/uapi/asm/fcntl.h.
    private const int Arm64Directory = 0x4000;
    private const int Arm64NoFollow = 0x8000;
    private const int Arm64Direct = 0x10000;

    private const OpenFlags Moved = OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_DIRECT;

    /// <summary>The flags as this machine's kernel numbers them.</summary>
    public static int ToKernel(this OpenFlags flags)
        => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? ToArm64(flags) : (int)flags;

    /// <summary>The flags as arm64's kernel numbers them.</summary>
    internal static int ToArm64(OpenFlags flags)
        => (int)(flags & ~Moved)
            | (flags.HasFlag(OpenFlags.O_DIRECTORY) ? Arm64Directory : 0)
            | (flags.HasFlag(OpenFlags.O_NOFOLLOW) ? Arm64NoFollow : 0)
            | (flags.HasFlag(OpenFlags.O_DIRECT) ? Arm64Direct : 0);
}
