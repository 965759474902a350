using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class FilesTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void A_file_is_given_away_and_a_link_is_not_followed()
    {
        Needs.Root();
        using Scratch scratch = new();
        string file = scratch.File("file");
        File.CreateSymbolicLink(scratch.Path + "/link", file);

        Assert.True(Ownership.TryFchownAt(scratch.Handle, "file", 7, Ownership.Unchanged));
        Assert.True(Ownership.TryFchownAt(scratch.Handle, "link", 8, Ownership.Unchanged));
        Assert.False(Ownership.TryFchownAt(scratch.Handle, "none", 8, Ownership.Unchanged));

        Assert.Equal((7u, 0u), FileStatuses.Statx(scratch.Handle, "file", AtFlags.None) is var status ? (status.Uid, status.Gid) : default);
        Assert.Equal(8u, FileStatuses.Statx(scratch.Handle, "link", AtFlags.AT_SYMLINK_NOFOLLOW).Uid);
    }

    [Fact]
    public void A_link_in_a_root_cannot_lead_out_of_it()
    {
        using Scratch scratch = new();
        scratch.Folder("etc");
        scratch.File("etc/passwd", "mine");
        Files.SymlinkAt("/../../etc", scratch.Handle, "link");

        using SafeFileHandle file = Files.OpenAt2(scratch.Handle, "link/passwd", OpenFlags.O_RDONLY, ResolveFlags.RESOLVE_IN_ROOT);

        Assert.Equal("mine"u8.ToArray(), FileContents.ReadAll(file, 100));
    }

    [Fact]
    public void A_forbidden_link_is_refused_with_the_call_quoted()
    {
        using Scratch scratch = new();
        Files.SymlinkAt("/etc", scratch.Handle, "link");

        LinuxException error = Assert.Throws<LinuxException>(
            () => Files.OpenAt2(scratch.Handle, "link", OpenFlags.O_RDONLY, ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_SYMLINKS));

        Assert.Equal(Errno.ELOOP, error.Errno);
        Assert.EndsWith("\"link\", {flags=O_CLOEXEC, mode=00, resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}): too many levels of symbolic links (ELOOP)",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_null_only_where_that_was_asked_for()
    {
        using Scratch scratch = new();

        Assert.Null(Files.TryOpenAt2(scratch.Handle, "nothing", OpenFlags.O_PATH, ResolveFlags.RESOLVE_IN_ROOT));
        Assert.Throws<LinuxException>(() => Files.OpenAt2(scratch.Handle, "nothing", OpenFlags.O_PATH, ResolveFlags.RESOLVE_IN_ROOT));
        Assert.Null(FileStatuses.TryStatx(scratch.Handle, "nothing", AtFlags.None));
        Assert.False(Files.TryUnlinkAt(scratch.Handle, "nothing"));
    }

    [Fact]
    public void Names_come_change_and_go()
    {
        using Scratch scratch = new();

        Files.MkdirAt(scratch.Handle, "a", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.False(Files.TryMkdirAt(scratch.Handle, "a", OwnerOnly));
        scratch.File("file", "text");
        Files.LinkAt(scratch.Handle, "file", scratch.Handle, "a/second");
        Files.RenameAt2(scratch.Handle, "file", scratch.Handle, "a/first", RenameFlags.RENAME_NOREPLACE);
        Assert.Equal(2u, FileStatuses.Statx(scratch.Handle, "a/first", AtFlags.None).Links);
        LinuxException error = Assert.Throws<LinuxException>(
            () => Files.RenameAt2(scratch.Handle, "a/first", scratch.Handle, "a/second", RenameFlags.RENAME_NOREPLACE));
        Assert.Equal(Errno.EEXIST, error.Errno);
        Files.SymlinkAt("a/first", scratch.Handle, "link");
        Assert.Equal("a/first", Files.ReadLinkAt(scratch.Handle, "link"));
        Files.UnlinkAt(scratch.Handle, "a/first");
        Files.UnlinkAt(scratch.Handle, "a/second");
        Files.UnlinkAt(scratch.Handle, "a", AtFlags.AT_REMOVEDIR);

        Assert.Equal(["link"], Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_read_only_mount_is_not_writable_whoever_asks()
    {
        Needs.Root();
        using Scratch scratch = new();
        scratch.File("file", "text");

        Alone.WithMounts(() =>
        {
            Assert.True(Files.MayWrite(scratch.Path));
            Mounting.Mount(scratch.Path, scratch.Path, null, MountFlags.MS_BIND);
            Mounting.Mount(null, scratch.Path, null, MountFlags.MS_BIND | MountFlags.MS_REMOUNT | MountFlags.MS_RDONLY);
            Assert.False(Files.MayWrite(scratch.Path));
            Assert.False(Files.MayWrite(scratch.Path + "/nothing"));
        });
    }

    [Fact]
    public void Status_tells_type_mode_owner_and_size()
    {
        Needs.Root();
        using Scratch scratch = new();
        scratch.File("file", "12345");

        Files.FchownAt(scratch.Handle, "file", 7, null);
        Files.FchmodAt(scratch.Handle, "file", OwnerOnly | UnixFileMode.SetUser);
        FileStatus status = FileStatuses.Statx(scratch.Handle, "file", AtFlags.AT_SYMLINK_NOFOLLOW);

        Assert.Equal((FileType.S_IFREG, OwnerOnly | UnixFileMode.SetUser, 7u, 0u, 5ul), (status.Type, status.Permissions, status.Uid, status.Gid, status.Size));
        Assert.NotEqual(0ul, status.MountId);
        Assert.False(status.IsMountRoot);
        Assert.InRange(status.Modified, DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(200));
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4095, 1048575)]
    [InlineData(259, 70000)]
    public void A_device_has_the_number_that_it_was_made_with(uint major, uint minor)
    {
        Needs.Root();
        using Scratch scratch = new();

        Files.MknodAt(scratch.Handle, "device", FileType.S_IFCHR, OwnerOnly, new DeviceNumber(major, minor));
        FileStatus status = FileStatuses.Statx(scratch.Handle, "device", AtFlags.None);

        Assert.Equal(FileType.S_IFCHR, status.Type);
        Assert.Equal(new DeviceNumber(major, minor), status.RepresentedDevice);
    }

    [Fact]
    public void What_an_O_PATH_descriptor_stands_for_is_opened_again_though_its_name_is_gone()
    {
        using Scratch scratch = new();
        scratch.File("file", "still");
        using SafeFileHandle path = Files.OpenAt(scratch.Handle, "file", OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
        Files.UnlinkAt(scratch.Handle, "file");

        using SafeFileHandle file = Files.Reopen(path, OpenFlags.O_RDONLY);

        Assert.Equal("still"u8.ToArray(), FileContents.ReadAll(file, 10));
    }

    [Fact]
    public void Every_descriptor_closes_on_exec()
    {
        using Scratch scratch = new();

        int number = (int)scratch.Handle.DangerousGetHandle();
        string flags = File.ReadLines($"/proc/self/fdinfo/{number}").Single(line => line.StartsWith("flags:", StringComparison.Ordinal));

        Assert.NotEqual(0, Convert.ToInt32(flags[6..].Trim(), 8) & (int)OpenFlags.O_CLOEXEC);
    }

    [Fact]
    public void The_working_directory_is_named_by_its_constant()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => Files.Open("/nowhere/at/all", OpenFlags.O_WRONLY | OpenFlags.O_CREAT, OwnerOnly));

        Assert.Equal("openat(AT_FDCWD, \"/nowhere/at/all\", O_WRONLY|O_CREAT|O_CLOEXEC, 0600): no such file or directory (ENOENT)", error.Message);
    }
}
