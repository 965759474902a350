using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class FileContentsTests
{
    [Fact]
    public void A_file_is_read_whole_up_to_a_maximum()
    {
        using Scratch scratch = new();
        string content = new('x', 10_000);
        scratch.File("file", content);

        Assert.Equal(content, FileContents.ReadText(scratch.Handle, "file", 10_000));
        LinuxException error = Assert.Throws<LinuxException>(() => FileContents.ReadText(scratch.Handle, "file", 9_999));
        Assert.Equal(Errno.EFBIG, error.Errno);
        Assert.Contains($"<{scratch.Path}/file>), of which at most 9999 bytes are read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_write_quotes_what_was_written()
    {
        Needs.Root();

        LinuxException error = Assert.Throws<LinuxException>(
            () => FileContents.WriteText(Descriptor.WorkingDirectory, "/proc/self/oom_score_adj", "5000"));

        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.EndsWith("oom_score_adj>, \"5000\", 4): invalid argument (EINVAL)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contents_are_copied_inside_the_kernel()
    {
        using Scratch scratch = new();
        using SafeFileHandle from = Files.Open(scratch.File("from", "0123456789"), OpenFlags.O_RDONLY);
        using SafeFileHandle to = Files.Open(scratch.File("to"), OpenFlags.O_RDWR);

        Assert.Equal(4, FileContents.CopyRange(from, to, 4));
        Assert.Equal(6, FileContents.SendFile(to, from));
        FileContents.Fsync(to);
        Assert.Equal("0123456789", File.ReadAllText(Path.Join(scratch.Path, "to")));

        FileContents.Ftruncate(to, 3);
        Assert.Equal("012", File.ReadAllText(Path.Join(scratch.Path, "to")));
    }

    [Fact]
    public void One_lock_keeps_another_out()
    {
        using Scratch scratch = new();
        string path = scratch.File("lock");
        using SafeFileHandle one = Files.Open(path, OpenFlags.O_RDWR);
        using SafeFileHandle other = Files.Open(path, OpenFlags.O_RDWR);

        FileContents.Flock(one);
        Assert.False(FileContents.TryFlock(other));
        one.Dispose();
        Assert.True(FileContents.TryFlock(other, shared: true));
    }

    [Fact]
    public void A_change_of_a_file_wakes_who_waits_for_it()
    {
        using Scratch scratch = new();
        string path = scratch.File("events");
        using SafeFileHandle inotify = Inotify.Create();
        using SafeFileHandle watched = Files.Open(path, OpenFlags.O_PATH);
        Inotify.AddWatch(inotify, watched, InotifyEvents.IN_MODIFY);

        Assert.False(Inotify.Drain(inotify));
        File.AppendAllText(path, "populated 0");

        Assert.Equal(PollEvents.POLLIN, Polling.Poll(inotify, PollEvents.POLLIN, 5000));
        Assert.True(Inotify.Drain(inotify));
        Assert.False(Inotify.Drain(inotify));
    }

    [Fact]
    public void Extended_attributes_are_set_listed_read_and_removed()
    {
        Needs.Root();
        using Scratch scratch = new();
        using SafeFileHandle file = Files.Open(scratch.File("file"), OpenFlags.O_RDWR);
        byte[] large = [.. Enumerable.Repeat((byte)7, 1000)];

        Assert.Null(ExtendedAttributes.TryGet(file, "trusted.test"));
        ExtendedAttributes.Set(file, "trusted.test", large, XattrFlags.XATTR_CREATE);
        Assert.Equal(large, ExtendedAttributes.TryGet(file, "trusted.test"));
        Assert.Contains("trusted.test", ExtendedAttributes.List(file));
        ExtendedAttributes.Remove(file, "trusted.test");

        LinuxException error = Assert.Throws<LinuxException>(() => ExtendedAttributes.Remove(file, "trusted.test"));
        Assert.EndsWith("file>, \"trusted.test\"): no data available (ENODATA)", error.Message, StringComparison.Ordinal);
    }
}
