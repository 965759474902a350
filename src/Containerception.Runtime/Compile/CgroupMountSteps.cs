using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// /sys/fs/cgroup as the container sees it: only its own groups. On v2 a mount of the cgroup namespace; on v1 a tmpfs with a
/// directory per hierarchy, on which the container's own group is bound, so that the host's groups do not show (CVE-2023-25809).
/// </summary>
internal static class CgroupMountSteps
{
    private const string Why = "a container may see its own limits, and no others";

    public static void Add(Compilation c, string target, MountOptions options)
    {
        MountSteps.Tell(c, "cgroup", target, Why);
        if (c.CgroupMounts is not { } mounts)
        {
            throw new ContainerException(FailureKind.Unsupported, $"mount {target}: no control groups are mounted on this machine", "leave the cgroup mount out of the configuration");
        }

        Slot place = c.OpenTarget(target, directory: true);

        // A link of the image may lead into /proc, where a directory of ours would fake what the kernel says (CVE-2023-27561).
        c.RefuseFileSystem(place, FileSystemMagic.PROC_SUPER_MAGIC, Errno.EPERM);
        if (mounts.Unified)
        {
            Slot unified = c.MakesCgroupNamespace || mounts.Own.Count == 0
                ? c.NewFileSystem("cgroup2", "cgroup", options.Data, options.Set)
                : Tree(c, mounts.Own[0], options);
            MountSteps.Finish(c, unified, options);
            c.Attach(unified, place);
            return;
        }

        Slot tmpfs = c.NewFileSystem("tmpfs", "tmpfs", [("mode", "755")], options.Set & ~MountAttributes.MOUNT_ATTR_RDONLY);
        foreach (CgroupMount mount in mounts.Own)
        {
            c.Builder.Call(SyscallNumbers.SYS_mkdirat, tmpfs, c.Builder.Text(mount.Name), 0x1ED);
        }

        foreach ((string link, string name) in mounts.Links)
        {
            c.Builder.Call(SyscallNumbers.SYS_symlinkat, c.Builder.Text(name), tmpfs, c.Builder.Text(link));
        }

        c.Move(tmpfs, place);
        foreach (CgroupMount mount in mounts.Own)
        {
            Slot own = Tree(c, mount, options);
            c.Builder.Call(SyscallNumbers.SYS_move_mount, own, c.Empty, tmpfs, c.Builder.Text(mount.Name), (uint)MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH);
            c.Builder.Close(own);
        }

        if ((options.Set & MountAttributes.MOUNT_ATTR_RDONLY) != 0)
        {
            c.SetAttributes(tmpfs, MountAttributes.MOUNT_ATTR_RDONLY, 0, 0, recursive: false);
        }

        c.Builder.Close(tmpfs);
        c.Builder.Close(place);
    }

    private static Slot Tree(Compilation c, CgroupMount mount, MountOptions options)
    {
        Slot tree = c.Builder.Take(
            SyscallNumbers.SYS_open_tree, -100, c.Builder.Text(mount.Path), (uint)(OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC));
        MountAttributes kept = mount.IsOwn ? MountAttributes.None : MountAttributes.MOUNT_ATTR_RDONLY;
        c.SetAttributes(tree, options.Set | kept, options.Clear & ~kept, 0, recursive: false);
        return tree;
    }
}
