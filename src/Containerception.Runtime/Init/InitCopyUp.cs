using System.Runtime.CompilerServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// Copies a directory and all below it: the option tmpcopyup.
/// <c>A0</c>, <c>A1</c>: the slots of the two directories. <c>A2</c>: open_how of what is below. <c>A3</c>: <see cref="BuffersSize"/> bytes.
/// <c>A4</c>: what of the top directory's attributes stays. The result is 0.
///
/// The tree is hostile: another container may be swapping its parts. Each entry is opened below its directory's descriptor and no further, is
/// asked then what it is, and links are copied, not followed. The copy lies in a file system that nobody else can reach yet, so there names
/// mean what they say. How much is copied is bounded by that file system, the container's memory limit, and <see cref="DepthMax"/>.
/// </summary>
internal static unsafe class InitCopyUp
{
    public const int KeepMode = 1;
    public const int KeepUid = 2;
    public const int KeepGid = 4;

    public const int BuffersSize = DepthMax * LevelSize;

    private const int DepthMax = 64;
    private const int EntriesSize = 4096;

    // Of each level of directories: the entries that were read, and what is known of one of them.
    private const int LevelSize = EntriesSize + StatusSize;
    private const int StatusSize = 256;
    private const int ValueBytesMax = InitTarget.ScratchSize - InitTarget.PathSize;
    private const int ChunkSize = 1 << 30;
    private const int OpenHowSize = 24;
    private const int ELOOP = (int)Errno.ELOOP;
    private const int EINVAL = (int)Errno.EINVAL;
    private const int ESTALE = (int)Errno.ESTALE;
    private const int EXDEV = (int)Errno.EXDEV;
    private const int EOPNOTSUPP = (int)Errno.EOPNOTSUPP;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int O_CREAT_EXCL_WRONLY_CLOEXEC = 0x800C1;
    private const uint STATX_BASIC_STATS = 0x7FF;
    private const int S_IFMT = 0xF000;
    private const int S_IFDIR = 0x4000;
    private const int S_IFREG = 0x8000;
    private const int S_IFLNK = 0xA000;
    private const int PermissionBits = 0xFFF;
    private const int HarmlessBits = 0x1FF;
    private const int OwnerAlone = 0x1C0;

    // struct statx and struct linux_dirent64.
    private const int UidOffset = 20;
    private const int GidOffset = 24;
    private const int ModeOffset = 28;
    private const int AccessedOffset = 64;
    private const int ModifiedOffset = 112;
    private const int MajorOffset = 128;
    private const int MinorOffset = 132;
    private const int LengthOffset = 16;
    private const int NameOffset = 19;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nint Copy(InitProgram* program, InitStep* step)
    {
        nint from = program->Slots[step->A0];
        nint to = program->Slots[step->A1];
        byte* status = (byte*)step->A3 + EntriesSize;
        nint result = Entries(program, step, from, to, 0);
        result = result < 0 ? result : Status(program, from, status);
        return result < 0 ? result : Attributes(program, from, to, status, (int)step->A4);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Entries(InitProgram* program, InitStep* step, nint from, nint to, int depth)
    {
        if (depth == DepthMax)
        {
            return -ELOOP;
        }

        byte* entries = (byte*)step->A3 + (depth * LevelSize);
        while (true)
        {
            nint length = program->Syscall((nint)SyscallNumbers.SYS_getdents64, from, (nint)entries, EntriesSize, 0, 0, 0);
            if (length <= 0)
            {
                return length;
            }

            for (byte* entry = entries; entry < entries + length; entry += *(ushort*)(entry + LengthOffset))
            {
                byte* name = entry + NameOffset;
                nint result = IsDots(name) ? 0 : Entry(program, step, from, to, name, entries + EntriesSize, depth);
                if (result < 0)
                {
                    return result;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Entry(InitProgram* program, InitStep* step, nint from, nint to, byte* name, byte* status, int depth)
    {
        nint result = program->Syscall((nint)SyscallNumbers.SYS_statx, from, (nint)name, AT_SYMLINK_NOFOLLOW, (nint)STATX_BASIC_STATS, (nint)status, 0);
        if (result < 0)
        {
            return result;
        }

        int type = *(ushort*)(status + ModeOffset) & S_IFMT;
        return type switch
        {
            S_IFDIR or S_IFREG => Opened(program, step, from, to, name, status, depth, type),
            S_IFLNK => Link(program, from, to, name, status),
            _ => Node(program, to, name, status),
        };
    }

    /// <summary>A directory or a file: they have descriptors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Opened(InitProgram* program, InitStep* step, nint from, nint to, byte* name, byte* status, int depth, int type)
    {
        nint source = program->Syscall((nint)SyscallNumbers.SYS_openat2, from, (nint)name, step->A2, OpenHowSize, 0, 0);
        nint copy = source == -EXDEV ? source : Make(program, to, name, step->A2, type);
        nint result = source < 0 ? source : copy < 0 ? copy : Status(program, source, status);
        if (result >= 0)
        {
            // Swapped since it was looked at: whatever it is now, it is not copied as what it was.
            result = (*(ushort*)(status + ModeOffset) & S_IFMT) != type ? -ESTALE
                : type == S_IFDIR ? Entries(program, step, source, copy, depth + 1)
                : Content(program, source, copy);
        }

        result = result < 0 ? result : Attributes(program, source, copy, status, 0);
        Close(program, source);
        Close(program, copy);

        // Another mount, a file or a tree: it is not what the directory holds.
        return source == -EXDEV ? 0 : result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Make(InitProgram* program, nint to, byte* name, nint how, int type)
    {
        if (type == S_IFREG)
        {
            return program->Syscall((nint)SyscallNumbers.SYS_openat, to, (nint)name, O_CREAT_EXCL_WRONLY_CLOEXEC, OwnerAlone, 0, 0);
        }

        nint made = program->Syscall((nint)SyscallNumbers.SYS_mkdirat, to, (nint)name, OwnerAlone, 0, 0, 0);
        return made < 0 ? made : program->Syscall((nint)SyscallNumbers.SYS_openat2, to, (nint)name, how, OpenHowSize, 0, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Content(InitProgram* program, nint source, nint copy)
    {
        nint sent;
        do
        {
            sent = program->Syscall((nint)SyscallNumbers.SYS_sendfile, copy, source, 0, ChunkSize, 0, 0);
        }
        while (sent > 0);

        return sent;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Link(InitProgram* program, nint from, nint to, byte* name, byte* status)
    {
        byte* text = program->Scratch;
        nint length = program->Syscall((nint)SyscallNumbers.SYS_readlinkat, from, (nint)name, (nint)text, InitTarget.PathSize - 1, 0, 0);
        if (length < 0)
        {
            return length;
        }

        text[length] = 0;
        nint made = program->Syscall((nint)SyscallNumbers.SYS_symlinkat, (nint)text, to, (nint)name, 0, 0, 0);
        return made < 0 ? made : Owner(program, to, name, status);
    }

    /// <summary>A device, fifo or socket.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Node(InitProgram* program, nint to, byte* name, byte* status)
    {
        uint major = *(uint*)(status + MajorOffset);
        uint minor = *(uint*)(status + MinorOffset);
        uint device = (minor & 0xFF) | (major << 8) | ((minor & ~0xFFu) << 12);
        nint made = program->Syscall((nint)SyscallNumbers.SYS_mknodat, to, (nint)name, *(ushort*)(status + ModeOffset), (nint)device, 0, 0);
        return made < 0 ? made : Owner(program, to, name, status);
    }

    /// <summary>An owner who has no id here leaves it to us.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Owner(InitProgram* program, nint to, byte* name, byte* status)
    {
        nint result = program->Syscall(
            (nint)SyscallNumbers.SYS_fchownat, to, (nint)name, (nint)(*(uint*)(status + UidOffset)), (nint)(*(uint*)(status + GidOffset)), AT_SYMLINK_NOFOLLOW, 0);
        return result == -EINVAL ? 0 : result;
    }

    /// <summary>Owner, extended attributes, mode and times, in the order in which each leaves those before alone.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Attributes(InitProgram* program, nint source, nint copy, byte* status, int kept)
    {
        nint uid = (kept & KeepUid) != 0 ? -1 : (nint)(*(uint*)(status + UidOffset));
        nint gid = (kept & KeepGid) != 0 ? -1 : (nint)(*(uint*)(status + GidOffset));
        nint owned = program->Syscall((nint)SyscallNumbers.SYS_fchown, copy, uid, gid, 0, 0, 0);
        if (owned < 0 && owned != -EINVAL)
        {
            return owned;
        }

        nint result = ExtendedAttributes(program, source, copy);

        // An owner who has no id here leaves it to us, but not his right to be run as himself.
        int mode = *(ushort*)(status + ModeOffset) & (owned < 0 ? HarmlessBits : PermissionBits);
        if (result >= 0 && (kept & KeepMode) == 0)
        {
            result = program->Syscall((nint)SyscallNumbers.SYS_fchmod, copy, mode, 0, 0, 0, 0);
        }

        // struct statx has times where utimensat(2) wants them, but for the padding, which is zero, and the order.
        nint* times = (nint*)program->Scratch;
        times[0] = *(nint*)(status + AccessedOffset);
        times[1] = (nint)(*(uint*)(status + AccessedOffset + sizeof(long)));
        times[2] = *(nint*)(status + ModifiedOffset);
        times[3] = (nint)(*(uint*)(status + ModifiedOffset + sizeof(long)));
        return result < 0 ? result : program->Syscall((nint)SyscallNumbers.SYS_utimensat, copy, 0, (nint)times, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint ExtendedAttributes(InitProgram* program, nint source, nint copy)
    {
        byte* names = program->Scratch;
        byte* value = program->Scratch + InitTarget.PathSize;
        nint length = program->Syscall((nint)SyscallNumbers.SYS_flistxattr, source, (nint)names, InitTarget.PathSize, 0, 0, 0);
        if (length < 0)
        {
            return length == -EOPNOTSUPP ? 0 : length;
        }

        for (byte* name = names; name < names + length; name++)
        {
            nint size = program->Syscall((nint)SyscallNumbers.SYS_fgetxattr, source, (nint)name, (nint)value, ValueBytesMax, 0, 0);
            nint set = size < 0 ? size : program->Syscall((nint)SyscallNumbers.SYS_fsetxattr, copy, (nint)name, (nint)value, size, 0, 0);

            // A tmpfs has no user's attributes before Linux 6.6.
            if (set < 0 && set != -EOPNOTSUPP)
            {
                return set;
            }

            while (*name != 0)
            {
                name++;
            }
        }

        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Status(InitProgram* program, nint file, byte* status)
    {
        // The empty path of AT_EMPTY_PATH.
        byte* empty = program->Scratch;
        *empty = 0;
        return program->Syscall((nint)SyscallNumbers.SYS_statx, file, (nint)empty, AT_EMPTY_PATH, (nint)STATX_BASIC_STATS, (nint)status, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Close(InitProgram* program, nint file)
    {
        if (file >= 0)
        {
            program->Syscall((nint)SyscallNumbers.SYS_close, file, 0, 0, 0, 0, 0);
        }
    }

    private static bool IsDots(byte* name) => *name == (byte)'.' && (name[1] == 0 || (name[1] == (byte)'.' && name[2] == 0));
}
