using System.Globalization;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The mounts that root file systems are made of. Each returns the system call, for the words of <c>--explain</c>.</summary>
internal static class Mounts
{
    /// <summary>ception's option of a bind mount that is read-only in our mounts already, which root of the container cannot undo.</summary>
    public const string Locked = "locked";

    /// <summary>Parts this thread's mounts from the host's: what is mounted below is seen by nobody else, and ends with its last user.</summary>
    public static string BeginPrivate()
    {
        Namespaces.Unshare(NamespaceFlags.CLONE_NEWNS);

        // A slave, not private: a disk that the host mounts later still appears below a volume that was given with rslave.
        Mounting.Mount(null, "/", null, MountFlags.MS_SLAVE | MountFlags.MS_REC);
        return "unshare(CLONE_NEWNS)";
    }

    /// <summary>A file system in memory, which is gone with its last user. The kernel bounds it to half of the machine's memory.</summary>
    public static string Memory(string target, uint owner)
    {
        string options = string.Create(CultureInfo.InvariantCulture, $"mode=0755,uid={owner},gid={owner}");
        Mounting.Mount("tmpfs", target, "tmpfs", MountFlags.MS_NOSUID, options);
        return $"mount(\"tmpfs\", \"{target}\", \"tmpfs\", MS_NOSUID, \"{options}\")";
    }

    /// <summary>A layer above a directory: reads go through, writes stay in <paramref name="upper"/>.</summary>
    public static string Overlay(string lower, string upper, string work, string target)
    {
        // By key and value, since in mount(2)'s one string a colon or a comma in a path would mean something.
        using SafeFileHandle context = NewMounts.FsOpen("overlay");
        NewMounts.FsConfigSetString(context, "source", "cdock");
        AddLower(context, lower);
        NewMounts.FsConfigSetString(context, "upperdir", upper);
        NewMounts.FsConfigSetString(context, "workdir", work);
        if (Images.Overlay.HasUserAttributes)
        {
            NewMounts.FsConfigSetFlag(context, "userxattr");
        }

        NewMounts.FsConfigCreate(context);
        using SafeFileHandle tree = NewMounts.FsMount(context, MountAttributes.None);
        using SafeFileHandle place = Files.Open(target, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
        NewMounts.MoveMount(tree, place);
        return $"fsmount(overlay, lowerdir+={lower}, upperdir={upper}) on {target}";
    }

    /// <summary>Attaches a tree that was made before.</summary>
    public static string Attach(SafeFileHandle tree, string target)
    {
        using SafeFileHandle place = Files.Open(target, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
        NewMounts.MoveMount(tree, place);
        tree.Dispose();
        return $"move_mount(fsmount(overlay), \"{target}\")";
    }

    /// <summary>What is at <paramref name="source"/>, also at <paramref name="target"/>, where it cannot be written.</summary>
    public static string BindReadOnly(string source, string target)
    {
        using SafeFileHandle tree = NewMounts.OpenTree(
            Descriptor.WorkingDirectory, source, OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.AT_RECURSIVE);
        NewMounts.MountSetAttr(tree, recursive: true, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_RDONLY });
        using SafeFileHandle place = Files.Open(target, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
        NewMounts.MoveMount(tree, place);
        return $"move_mount(open_tree(\"{source}\", OPEN_TREE_CLONE|AT_RECURSIVE), \"{target}\"), MOUNT_ATTR_RDONLY";
    }

    /// <summary>What is at <paramref name="source"/>, read-only from now on; what is mounted below it stays as it is.</summary>
    public static string LockReadOnly(string source)
    {
        using SafeFileHandle place = Files.Open(source, OpenFlags.O_PATH);
        using SafeFileHandle tree = NewMounts.OpenTree(place, "", OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.AT_RECURSIVE | OpenTreeFlags.AT_EMPTY_PATH);
        NewMounts.MountSetAttr(tree, recursive: false, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_RDONLY });
        NewMounts.MoveMount(tree, place);
        return $"move_mount(open_tree(\"{source}\", OPEN_TREE_CLONE|AT_RECURSIVE), \"{source}\"), MOUNT_ATTR_RDONLY";
    }

    /// <summary>What is at <paramref name="source"/>, also at <paramref name="target"/>, with nothing that is mounted below it.</summary>
    public static string Bind(string source, string target)
    {
        Mounting.Mount(source, target, null, MountFlags.MS_BIND);
        return $"mount(\"{source}\", \"{target}\", NULL, MS_BIND)";
    }

    // "lowerdir+" takes a path as it is; kernels before 6.7 know only "lowerdir", where a backslash keeps a colon.
    private static void AddLower(SafeFileHandle context, string lower)
    {
        try
        {
            NewMounts.FsConfigSetString(context, "lowerdir+", lower);
        }
        catch (LinuxException unknown) when (unknown.Errno == Errno.EINVAL)
        {
            NewMounts.FsConfigSetString(context, "lowerdir", lower.Replace("\\", "\\\\").Replace(":", "\\:"));
        }
    }
}
