using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>linux.maskedPaths and linux.readonlyPaths.</summary>
internal static class ProtectionSteps
{
    /// <summary>
    /// Directories are masked by one empty read-only file system, cloned for each: the kernel then has one superblock to take down instead of
    /// dozens. Only what is attached in our own namespace can be cloned (before Linux 6.15), so it lies below the root's mount, out of sight.
    /// </summary>
    public static Slot? PrepareMask(Compilation c)
    {
        if (c.Linux.MaskedPaths.Length == 0)
        {
            return null;
        }

        c.Builder.Tell("mask", "make the empty directory that hides others", "linux.maskedPaths");
        Slot empty = c.NewFileSystem(
            "tmpfs", "tmpfs", [("nr_inodes", "2"), ("size", "4k"), ("mode", "755")], MountAttributes.MOUNT_ATTR_RDONLY | MountAttributes.MOUNT_ATTR_NOSUID | MountAttributes.MOUNT_ATTR_NODEV | MountAttributes.MOUNT_ATTR_NOEXEC);
        c.Builder.Call(SyscallNumbers.SYS_move_mount, empty, c.Empty, -100, c.Builder.Text(c.Bundle.Rootfs), (uint)MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH);
        return empty;
    }

    public static void Add(Compilation c, Slot? mask)
    {
        foreach (string path in c.Linux.ReadonlyPaths)
        {
            Readonly(c, path);
        }

        if (mask is not { } empty)
        {
            return;
        }

        // The host's /dev/null, opened before the root is left: the container's own could be a link to anything (CVE-2025-31133).
        c.Builder.Tell("mask", "open the host's /dev/null", "it hides files; the container's own could be anything (CVE-2025-31133)");
        Slot nothing = c.Builder.Take(SyscallNumbers.SYS_openat, -100, c.Builder.Text("/dev/null"), Compilation.ToNative(OpenFlags.O_PATH | OpenFlags.O_CLOEXEC), 0);
        foreach (string path in c.Linux.MaskedPaths)
        {
            Mask(c, path, empty, nothing);
        }

        c.Builder.Close(nothing);
        c.Builder.Close(empty);
    }

    private static void Readonly(Compilation c, string path)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("read-only", "make {0} read-only", "linux.readonlyPaths: what changes the kernel for all may be read only", path);
        Label next = b.NewLabel();
        Slot place = b.NewSlot();
        Open(c, path, next).Into(place);
        Slot tree = c.CloneTree(place, recursive: true).Into(b.NewSlot());
        c.SetAttributes(tree, MountAttributes.MOUNT_ATTR_RDONLY, 0, 0, recursive: true);
        c.Attach(tree, place);
        b.Mark(next);
    }

    private static void Mask(Compilation c, string path, Slot empty, Slot nothing)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("mask", "hide {0}", "linux.maskedPaths: it tells about the host, or changes it", path);
        Label next = b.NewLabel();
        Label file = b.NewLabel();
        Label done = b.NewLabel();
        Slot place = b.NewSlot();
        Slot tree = b.NewSlot();

        // Asked for first: to clone a mount only to see that it does not fit costs ten times as much.
        c.Find(path, directory: true).Unless(Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES).Otherwise(file).Into(place);
        c.CloneTree(empty).Into(tree);
        c.Move(tree, place);
        b.Jump(done);
        b.Mark(file);
        Open(c, path, next).Into(place);
        c.CloneTree(nothing).Into(tree);
        c.Move(tree, place);
        b.Mark(done);
        b.Close(tree);
        b.Close(place);
        b.Mark(next);
    }

    /// <summary>A path that is not there needs no protection.</summary>
    private static StepHandle Open(Compilation c, string path, Label missing)
        => c.Find(path).Unless(Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES).Otherwise(missing);
}
