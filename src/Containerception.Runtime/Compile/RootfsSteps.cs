using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The root file system: made a mount of its own, then made the root, then the old root let go.</summary>
internal static class RootfsSteps
{
    /// <summary>Cuts this mount namespace off from the host's and puts the container's root on a mount of its own.</summary>
    /// <returns>The file system that masks directories, see <see cref="ProtectionSteps"/>; null when nothing is to be masked.</returns>
    public static Slot? Prepare(Compilation c)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("propagation", "cut this mount namespace off from the host's", "what is mounted from here on must not travel back to the host: mount_namespaces(7)");
        MountFlags propagation = c.Linux.RootfsPropagation is "private" or "rprivate" ? MountFlags.MS_PRIVATE : MountFlags.MS_SLAVE;
        b.Call(SyscallNumbers.SYS_mount, 0, b.Text("/"), 0, (ulong)(propagation | MountFlags.MS_REC), 0);

        // pivot_root(2) wants a mount, not a directory; and what changes below must not be seen through the directory itself.
        b.Tell("rootfs", "make {0} a mount of its own", "a root can only be pivoted to if it is a mount point", c.Bundle.Rootfs);
        Arg path = b.Text(c.Bundle.Rootfs);
        c.Root = b.Take(
            SyscallNumbers.SYS_open_tree, -100, path, (uint)(OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC | OpenTreeFlags.AT_RECURSIVE));
        c.SetAttributes(c.Root, 0, 0, MountFlags.MS_PRIVATE, recursive: false);
        Slot? mask = ProtectionSteps.PrepareMask(c);
        b.Tell("rootfs", "attach it at {0}", "pivot_root(2) takes a place of this mount namespace", c.Bundle.Rootfs);
        b.Call(SyscallNumbers.SYS_move_mount, c.Root, c.Empty, -100, path, (uint)MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH);
        return mask;
    }

    /// <summary>Makes the container's root the root of the namespace, and the host's files unreachable.</summary>
    public static void Enter(Compilation c, bool pivot)
    {
        ProgramBuilder b = c.Builder;
        Arg here = b.Text(".");
        if (pivot)
        {
            b.Tell("pivot-root", "make {0} the root directory", "the host's files must be out of reach, not only out of sight: a chroot can be left, this cannot", c.Bundle.Rootfs);
            b.Call(SyscallNumbers.SYS_fchdir, c.Root);

            // The old root is stacked on the new one at the same place, so no directory for it is needed: pivot_root(2), "pivot_root(".", ".")".
            b.Call(SyscallNumbers.SYS_pivot_root, here, here);
            b.Call(SyscallNumbers.SYS_umount2, here, (int)UmountFlags.MNT_DETACH);
        }
        else
        {
            b.Tell("move-root", "move {0} onto the root directory", "--no-pivot: an initramfs cannot be pivoted from", c.Bundle.Rootfs);
            b.Call(SyscallNumbers.SYS_fchdir, c.Root);
            b.Call(SyscallNumbers.SYS_mount, here, b.Text("/"), 0, (ulong)MountFlags.MS_MOVE, 0);
            b.Call(SyscallNumbers.SYS_chroot, here);
        }

        b.Call(SyscallNumbers.SYS_chdir, b.Text("/"));
    }

    /// <summary>What can only be said of the root once everything is mounted in it.</summary>
    public static void Seal(Compilation c)
    {
        ProgramBuilder b = c.Builder;
        if (c.Config.Root!.Readonly)
        {
            b.Tell("read-only-root", "make the root read-only", "root.readonly: the container shall not change its own image");
            c.SetAttributes(c.Root, MountAttributes.MOUNT_ATTR_RDONLY, 0, 0, recursive: false);
        }

        MountFlags propagation = Propagation(c.Linux.RootfsPropagation);
        if (propagation != MountFlags.None)
        {
            b.Tell("root-propagation", "set the root's propagation to {0}", "linux.rootfsPropagation", c.Linux.RootfsPropagation);
            b.Call(SyscallNumbers.SYS_mount, 0, b.Text("/"), 0, (ulong)propagation, 0);
        }
    }

    private static MountFlags Propagation(string? name) => name switch
    {
        null or "" => MountFlags.None,
        "shared" => MountFlags.MS_SHARED,
        "rshared" => MountFlags.MS_SHARED | MountFlags.MS_REC,
        "slave" => MountFlags.MS_SLAVE,
        "rslave" => MountFlags.MS_SLAVE | MountFlags.MS_REC,
        "private" => MountFlags.MS_PRIVATE,
        "rprivate" => MountFlags.MS_PRIVATE | MountFlags.MS_REC,
        "unbindable" => MountFlags.MS_UNBINDABLE,
        "runbindable" => MountFlags.MS_UNBINDABLE | MountFlags.MS_REC,
        _ => throw new ContainerException(FailureKind.Invalid, $"linux.rootfsPropagation: unknown value \"{name}\""),
    };
}
