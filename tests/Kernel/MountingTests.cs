using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class MountingTests
{
    [Fact]
    public void A_tmpfs_is_mounted_and_taken_away()
    {
        Needs.Root();
        using Scratch scratch = new();

        Alone.WithMounts(() =>
        {
            Mounting.Mount("tmpfs", scratch.Path, "tmpfs", MountFlags.MS_NOSUID | MountFlags.MS_NODEV, "size=64k");
            using SafeFileHandle top = Files.Open(scratch.Path, OpenFlags.O_PATH);
            FileSystemStatus mounted = FileSystems.Fstatfs(top);
            Assert.Equal(FileSystemMagic.TMPFS_MAGIC, mounted.Type);
            Assert.True(mounted.Flags.HasFlag(FileSystemFlags.ST_NOSUID | FileSystemFlags.ST_NODEV));
            Assert.True(FileStatuses.Statx(top).IsMountRoot);
            top.Dispose();

            Mounting.Umount(scratch.Path, UmountFlags.UMOUNT_NOFOLLOW);
            using SafeFileHandle bottom = Files.Open(scratch.Path, OpenFlags.O_PATH);
            Assert.NotEqual(FileSystemMagic.TMPFS_MAGIC, FileSystems.Fstatfs(bottom).Type);
        });
    }

    [Fact]
    public void A_failed_mount_quotes_the_call()
    {
        Needs.Root();

        LinuxException error = Assert.Throws<LinuxException>(
            () => Mounting.Mount("overlay", "/nowhere", "overlay", MountFlags.MS_NOSUID | MountFlags.MS_NODEV, "lowerdir=/x"));

        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Equal("mount(\"overlay\", \"/nowhere\", \"overlay\", MS_NOSUID|MS_NODEV, \"lowerdir=/x\"): no such file or directory (ENOENT)", error.Message);
    }

    [Fact]
    public void What_is_no_mount_cannot_be_taken_away()
    {
        Needs.Root();
        using Scratch scratch = new();

        LinuxException error = Assert.Throws<LinuxException>(() => Mounting.Umount(scratch.Path, UmountFlags.MNT_DETACH));

        Assert.Equal($"umount2(\"{scratch.Path}\", MNT_DETACH): invalid argument (EINVAL)", error.Message);
    }

    [Fact]
    public void The_root_is_exchanged_for_another()
    {
        Needs.Root();
        using Scratch scratch = new();

        Alone.WithMounts(() =>
        {
            Mounting.Mount("tmpfs", scratch.Path, "tmpfs", MountFlags.None);
            File.WriteAllText(Path.Join(scratch.Path, "here"), "");
            using SafeFileHandle root = Files.Open(scratch.Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            Files.Fchdir(root);

            Mounting.PivotRoot(".", ".");
            Mounting.Umount(".", UmountFlags.MNT_DETACH);
            Mounting.Chroot(".");

            Assert.NotNull(FileStatuses.TryStatx(Descriptor.WorkingDirectory, "/here", AtFlags.None));
            Assert.Null(FileStatuses.TryStatx(Descriptor.WorkingDirectory, "/proc", AtFlags.None));
        });
    }

    [Fact]
    public void A_text_with_a_NUL_inside_never_reaches_the_kernel()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => Mounting.Umount("/tmp\0/secret", UmountFlags.MNT_DETACH));

        Assert.Equal("a text for the kernel with a NUL inside, \"/tmp\\0/secret\": invalid argument (EINVAL)", error.Message);
    }
}
