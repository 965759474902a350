using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>open_tree(2) flags, spelled as in linux/mount.h and linux/fcntl.h.</summary>
[Flags]
public enum OpenTreeFlags : uint
{
    None = 0,
    OPEN_TREE_CLONE = 1,
    AT_SYMLINK_NOFOLLOW = 0x100,
    AT_NO_AUTOMOUNT = 0x800,
    AT_EMPTY_PATH = 0x1000,
    AT_RECURSIVE = 0x8000,
    OPEN_TREE_CLOEXEC = 0x80000,
}

/// <summary>move_mount(2) flags, spelled as in linux/mount.h.</summary>
[Flags]
public enum MoveMountFlags : uint
{
    None = 0,
    MOVE_MOUNT_F_SYMLINKS = 0x1,
    MOVE_MOUNT_F_AUTOMOUNTS = 0x2,
    MOVE_MOUNT_F_EMPTY_PATH = 0x4,
    MOVE_MOUNT_T_SYMLINKS = 0x10,
    MOVE_MOUNT_T_AUTOMOUNTS = 0x20,
    MOVE_MOUNT_T_EMPTY_PATH = 0x40,
    MOVE_MOUNT_SET_GROUP = 0x100,
    MOVE_MOUNT_BENEATH = 0x200,
}

/// <summary>fsconfig(2) commands, spelled as in linux/mount.h.</summary>
public enum FsConfigCommand : uint
{
    FSCONFIG_SET_FLAG = 0,
    FSCONFIG_SET_STRING = 1,
    FSCONFIG_SET_BINARY = 2,
    FSCONFIG_SET_PATH = 3,
    FSCONFIG_SET_PATH_EMPTY = 4,
    FSCONFIG_SET_FD = 5,
    FSCONFIG_CMD_CREATE = 6,
    FSCONFIG_CMD_RECONFIGURE = 7,
}

/// <summary>What a mount, not its filesystem, allows; for fsmount(2) and mount_setattr(2), spelled as in linux/mount.h.</summary>
[Flags]
public enum MountAttributes : ulong
{
    None = 0,
    MOUNT_ATTR_RDONLY = 0x1,
    MOUNT_ATTR_NOSUID = 0x2,
    MOUNT_ATTR_NODEV = 0x4,
    MOUNT_ATTR_NOEXEC = 0x8,

    /// <summary>The mask of the three access time values, of which MOUNT_ATTR_RELATIME is zero. To change one, clear the mask.</summary>
    MOUNT_ATTR__ATIME = 0x70,
    MOUNT_ATTR_NOATIME = 0x10,
    MOUNT_ATTR_STRICTATIME = 0x20,
    MOUNT_ATTR_NODIRATIME = 0x80,
    MOUNT_ATTR_IDMAP = 0x100000,
    MOUNT_ATTR_NOSYMFOLLOW = 0x200000,
}

/// <summary>struct mount_attr of linux/mount.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MountAttr
{
    public MountAttributes attr_set;
    public MountAttributes attr_clr;

    /// <summary>One of MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, or none: leave it.</summary>
    public MountFlags propagation;
    public ulong userns_fd;

    public override readonly string ToString()
        => $"{{attr_set={attr_set}, attr_clr={attr_clr}, propagation={propagation}, userns_fd={userns_fd}}}";
}

/// <summary>The mount API on descriptors: fsopen(2) to mount_setattr(2), since Linux 5.2 and 5.12. glibc has it from 2.36 on, musl not yet.</summary>
public static partial class NewMounts
{
    private const uint FSOPEN_CLOEXEC = 1;
    private const uint FSMOUNT_CLOEXEC = 1;
    private const uint FSPICK_CLOEXEC = 1;
    private const uint FSPICK_EMPTY_PATH = 8;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_RECURSIVE = 0x8000;

    // The log of a filesystem context has up to 8 messages; it cuts none, but none is long.
    private const int LogMessages = 8;
    private const int LogBytesMax = 1024;

    /// <summary>Begins a new filesystem of this type; <see cref="FsConfigCreate"/> makes it and <see cref="FsMount"/> a mount of it.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENODEV"/>: the kernel knows no such filesystem.</exception>
    public static SafeFileHandle FsOpen(string type)
        => Check.Handle((int)fsopen(SyscallNumbers.SYS_fsopen, type, FSOPEN_CLOEXEC), $"fsopen({type}, FSOPEN_CLOEXEC)");

    /// <summary>Opens the filesystem mounted at <paramref name="mount"/> to change its options.</summary>
    public static SafeFileHandle FsPick(SafeFileHandle mount)
        => Check.Handle((int)fspick(SyscallNumbers.SYS_fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH),
            $"fspick({mount}, \"\", FSPICK_CLOEXEC|FSPICK_EMPTY_PATH)");

    /// <summary>Sets an option that has no value (<c>ro</c>).</summary>
    public static void FsConfigSetFlag(SafeFileHandle context, string key) => Configure(context, FsConfigCommand.FSCONFIG_SET_FLAG, key, null, 0);

    /// <summary>Sets an option to a text (<c>size</c>, <c>64k</c>). The source is the option <c>source</c>.</summary>
    public static void FsConfigSetString(SafeFileHandle context, string key, string value)
        => Configure(context, FsConfigCommand.FSCONFIG_SET_STRING, key, value, 0);

    /// <summary>Sets an option to a descriptor. For overlay's layers since Linux 6.13.</summary>
    public static void FsConfigSetDescriptor(SafeFileHandle context, string key, SafeFileHandle value)
    {
        using HeldDescriptor held = new(value);
        Configure(context, FsConfigCommand.FSCONFIG_SET_FD, key, null, held.Number);
    }

    /// <summary>Makes the filesystem with the options set so far.</summary>
    public static void FsConfigCreate(SafeFileHandle context) => Configure(context, FsConfigCommand.FSCONFIG_CMD_CREATE, null, null, 0);

    /// <summary>Gives the options set so far to a filesystem from <see cref="FsPick"/>.</summary>
    public static void FsConfigReconfigure(SafeFileHandle context) => Configure(context, FsConfigCommand.FSCONFIG_CMD_RECONFIGURE, null, null, 0);

    /// <summary>Makes a mount of a created filesystem, attached nowhere yet: it lives as long as its descriptor.</summary>
    public static SafeFileHandle FsMount(SafeFileHandle context, MountAttributes attributes)
    {
        nint result = fsmount(SyscallNumbers.SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
        return result >= 0
            ? new SafeFileHandle(result, ownsHandle: true)
            : throw Failure(Check.LastErrno, $"fsmount({Descriptor.Describe(context)}, FSMOUNT_CLOEXEC, {attributes})", context);
    }

    /// <summary>Opens the mount at a path, as O_PATH does, or with OPEN_TREE_CLONE a detached copy of it (a bind mount to be).</summary>
    public static SafeFileHandle OpenTree(SafeFileHandle directory, string path, OpenTreeFlags flags)
    {
        flags |= OpenTreeFlags.OPEN_TREE_CLOEXEC;
        return Check.Handle((int)open_tree(SyscallNumbers.SYS_open_tree, directory, path, flags), $"open_tree({directory}, {path}, {flags})");
    }

    /// <summary>Attaches the detached mount <paramref name="tree"/> on the file or directory <paramref name="target"/>: no path is walked.</summary>
    public static void MoveMount(SafeFileHandle tree, SafeFileHandle target)
        => MoveMount(tree, "", target, "", MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags.MOVE_MOUNT_T_EMPTY_PATH);

    /// <summary>Attaches or moves a mount. See move_mount(2).</summary>
    public static void MoveMount(SafeFileHandle fromDirectory, string fromPath, SafeFileHandle toDirectory, string toPath, MoveMountFlags flags)
        => Check.Result(move_mount(SyscallNumbers.SYS_move_mount, fromDirectory, fromPath, toDirectory, toPath, flags),
            $"move_mount({fromDirectory}, {fromPath}, {toDirectory}, {toPath}, {flags})");

    /// <summary>
    /// The file at a path through a mount of its own that is read-only and attached nowhere: who holds a descriptor of a program that was executed
    /// so cannot open it for writing (CVE-2019-5736). Null without the right to mount, or before Linux 5.12.
    /// </summary>
    public static SafeFileHandle? TryCloneReadOnly(string path)
    {
        try
        {
            SafeFileHandle tree = OpenTree(Descriptor.WorkingDirectory, path, OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC);
            MountSetAttr(tree, recursive: false, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_RDONLY });
            return tree;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPERM or Errno.EINVAL or Errno.ENOSYS)
        {
            return null;
        }
    }

    /// <summary>Changes the attributes of the mount <paramref name="mount"/>, with <paramref name="recursive"/> those below it too: all or none.</summary>
    public static void MountSetAttr(SafeFileHandle mount, bool recursive, in MountAttr attributes)
        => MountSetAttr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes);

    /// <summary>The same for the mount at a path, which may be a trailing symbolic link.</summary>
    public static void MountSetAttr(SafeFileHandle directory, string path, bool recursive, in MountAttr attributes)
        => MountSetAttr(directory, path, recursive ? AT_RECURSIVE : 0, attributes);

    /// <summary>Shows the owners of a mount's files as a user namespace maps them. The mount is attached nowhere yet, and was not mapped before.</summary>
    public static void MapIds(SafeFileHandle mount, bool recursive, SafeFileHandle users)
    {
        using HeldDescriptor held = new(users);
        MountSetAttr(mount, recursive, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_IDMAP, userns_fd = (ulong)held.Number });
    }

    private static unsafe void MountSetAttr(SafeFileHandle directory, string path, int flags, in MountAttr attributes)
    {
        nint result = mount_setattr(SyscallNumbers.SYS_mount_setattr, directory, path, flags, attributes, (nuint)sizeof(MountAttr));
        Check.Result(result, $"mount_setattr({directory}, {path}, 0x{flags:x}, {attributes})");
    }

    private static void Configure(SafeFileHandle context, FsConfigCommand command, string? key, string? value, int descriptor)
    {
        if (fsconfig(SyscallNumbers.SYS_fsconfig, context, command, key, value, descriptor) < 0)
        {
            throw Failure(Check.LastErrno,
                $"fsconfig({Descriptor.Describe(context)}, {command}, {Quoted(key)}, {Quoted(value)}, {descriptor})", context);
        }
    }

    private static string Quoted(string? text) => text is null ? "NULL" : $"\"{text}\"";

    // A filesystem says why in the log of its context: "overlay: workdir and upperdir must be separate subtrees". See fsopen(2).
    private static LinuxException Failure(Errno errno, string call, SafeFileHandle context)
    {
        StringBuilder log = new();
        Span<byte> message = stackalloc byte[LogBytesMax];
        for (int i = 0; i < LogMessages; i++)
        {
            nint length = read(context, message, message.Length);
            if (length <= 0)
            {
                break;
            }

            // "e text": the first letter is the level.
            string text = KernelText.Read(message[..(int)length]).TrimEnd();
            log.Append(log.Length > 0 ? "; " : "").Append(text.Length > 2 && text[1] == ' ' ? text[2..] : text);
        }

        return new LinuxException(call, errno, log.Length > 0 ? log.ToString() : null);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint fsopen(long number, string type, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint fspick(long number, SafeFileHandle directory, string path, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint fsconfig(long number, SafeFileHandle context, FsConfigCommand command, string? key, string? value, int auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint fsmount(long number, SafeFileHandle context, uint flags, MountAttributes attributes);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint open_tree(long number, SafeFileHandle directory, string path, OpenTreeFlags flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint move_mount(
        long number, SafeFileHandle fromDirectory, string fromPath, SafeFileHandle toDirectory, string toPath, MoveMountFlags flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint mount_setattr(long number, SafeFileHandle directory, string path, int flags, in MountAttr attributes, nuint size);

    [LibraryImport("libc")]
    private static partial nint read(SafeFileHandle file, Span<byte> buffer, nint size);
}
