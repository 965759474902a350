using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class NewMountsTests
{
    [Fact]
    public void A_filesystem_is_filled_before_it_is_attached()
    {
        Needs.Root();
        using Scratch scratch = new();

        Alone.WithMounts(() =>
        {
            // Opened here: a descriptor belongs to the mount namespace that it was opened in.
            using SafeFileHandle here = Files.Open(scratch.Path, OpenFlags.O_PATH);
            using SafeFileHandle context = NewMounts.FsOpen("tmpfs");
            NewMounts.FsConfigSetString(context, "source", "mine");
            NewMounts.FsConfigSetString(context, "size", "64k");
            NewMounts.FsConfigCreate(context);
            using SafeFileHandle mount = NewMounts.FsMount(context, MountAttributes.MOUNT_ATTR_NOEXEC);
            Files.MkdirAt(mount, "inside", UnixFileMode.UserRead | UnixFileMode.UserExecute);

            NewMounts.MoveMount(mount, here);

            Assert.True(Directory.Exists(Path.Join(scratch.Path, "inside")));
            Assert.Contains(File.ReadLines("/proc/thread-self/mountinfo"), line => line.Contains($"{scratch.Path} ", StringComparison.Ordinal)
                && line.Contains("noexec", StringComparison.Ordinal) && line.Contains("- tmpfs mine", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void A_tree_is_copied_and_made_read_only()
    {
        Needs.Root();
        using Scratch scratch = new();
        scratch.Folder("from");
        scratch.Folder("to");

        Alone.WithMounts(() =>
        {
            // Opened here: a descriptor belongs to the mount namespace that it was opened in.
            using SafeFileHandle here = Files.Open(scratch.Path, OpenFlags.O_PATH);
            using SafeFileHandle tree = NewMounts.OpenTree(here, "from", OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.AT_RECURSIVE);
            NewMounts.MountSetAttr(tree, recursive: true, new MountAttr
            {
                attr_set = MountAttributes.MOUNT_ATTR_RDONLY | MountAttributes.MOUNT_ATTR_NOATIME,
                attr_clr = MountAttributes.MOUNT_ATTR__ATIME,
                propagation = MountFlags.MS_PRIVATE,
            });
            NewMounts.MoveMount(tree, "", here, "to", MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH);

            FileSystemFlags flags = FileSystems.Fstatfs(tree).Flags;
            Assert.True(flags.HasFlag(FileSystemFlags.ST_RDONLY | FileSystemFlags.ST_NOATIME), $"{flags}");
            LinuxException error = Assert.Throws<LinuxException>(() => Files.MkdirAt(tree, "new", UnixFileMode.UserRead));
            Assert.Equal(Errno.EROFS, error.Errno);
        });
    }

    [Fact]
    public void A_filesystem_is_given_other_options()
    {
        Needs.Root();
        using Scratch scratch = new();

        Alone.WithMounts(() =>
        {
            Mounting.Mount("tmpfs", scratch.Path, "tmpfs", MountFlags.None, "size=64k");
            using SafeFileHandle top = Files.Open(scratch.Path, OpenFlags.O_PATH);
            using SafeFileHandle context = NewMounts.FsPick(top);
            NewMounts.FsConfigSetFlag(context, "ro");
            NewMounts.FsConfigReconfigure(context);

            Assert.True(FileSystems.Fstatfs(top).Flags.HasFlag(FileSystemFlags.ST_RDONLY));
        });
    }

    [Fact]
    public void The_filesystem_says_why_it_refuses_an_option()
    {
        Needs.Root();

        using SafeFileHandle context = NewMounts.FsOpen("tmpfs");
        LinuxException error = Assert.Throws<LinuxException>(() => NewMounts.FsConfigSetString(context, "nonsense", "1"));

        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Equal("tmpfs: Unknown parameter 'nonsense'", error.Detail);
        Assert.EndsWith("FSCONFIG_SET_STRING, \"nonsense\", \"1\", 0): invalid argument (EINVAL): tmpfs: Unknown parameter 'nonsense'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filesystem_that_the_kernel_does_not_know_is_no_device()
    {
        Needs.Root();

        LinuxException error = Assert.Throws<LinuxException>(() => NewMounts.FsOpen("nosuchfs"));

        Assert.Equal("fsopen(\"nosuchfs\", FSOPEN_CLOEXEC): no such device (ENODEV)", error.Message);
    }

    [Fact]
    public void A_missing_tree_is_named_with_its_directory()
    {
        Needs.Root();
        using Scratch scratch = new();

        LinuxException error = Assert.Throws<LinuxException>(() => NewMounts.OpenTree(scratch.Handle, "nope", OpenTreeFlags.OPEN_TREE_CLONE));

        int number = (int)scratch.Handle.DangerousGetHandle();
        Assert.Equal($"open_tree({number}<{scratch.Path}>, \"nope\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC): no such file or directory (ENOENT)", error.Message);
    }
}
