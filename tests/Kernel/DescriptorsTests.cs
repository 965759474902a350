using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

/// <summary>Pipes, events, memory files, and the table that they stand in.</summary>
public sealed class DescriptorsTests
{
    [Fact]
    public void What_goes_into_a_pipe_comes_out()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create(nonBlocking: true);
        using (read)
        using (write)
        {
            byte[] buffer = new byte[8];
            Assert.Equal(-1, FileContents.TryRead(read, buffer));
            Assert.Equal(3, FileContents.TryWrite(write, "abc"u8));
            Assert.Equal(3, FileContents.TryRead(read, buffer));

            Descriptors.SetNonBlocking(read, false);
            write.Dispose();
            Assert.Equal(0, FileContents.Read(read, buffer));
        }
    }

    [Fact]
    public void A_sealed_file_cannot_be_written()
    {
        using SafeFileHandle file = MemoryFiles.CreateExecutable("sealed");
        FileContents.WriteAll(file, "program"u8);
        MemoryFiles.AddSeals(file, Seals.F_SEAL_SEAL | Seals.F_SEAL_SHRINK | Seals.F_SEAL_GROW | Seals.F_SEAL_WRITE);

        LinuxException error = Assert.Throws<LinuxException>(() => FileContents.Write(file, "x"u8));

        Assert.Equal(Errno.EPERM, error.Errno);
        Assert.Contains("</memfd:sealed (deleted)>, \"x\", 1)", error.Message, StringComparison.Ordinal);
        Assert.True(MemoryFiles.TryGetSeals(file)!.Value.HasFlag(Seals.F_SEAL_WRITE));
        MemoryFiles.Rewind(file);
        Assert.Equal("program"u8.ToArray(), FileContents.ReadAll(file, 100));
    }

    [Fact]
    public void A_copy_closes_on_exec_unless_it_is_told_not_to()
    {
        using SafeFileHandle one = Pipes.Event(3);
        using SafeFileHandle copy = Descriptors.Duplicate(one, 200);
        int number = (int)copy.DangerousGetHandle();

        Assert.True(number >= 200);
        Assert.True(ClosesOnExec(number));
        Descriptors.SetCloseOnExec(copy, false);
        Assert.False(ClosesOnExec(number));
        Descriptors.DuplicateTo(one, number, closeOnExec: true);
        Assert.True(ClosesOnExec(number));

        LinuxException error = Assert.Throws<LinuxException>(() => Descriptors.DuplicateTo(copy, number, closeOnExec: true));
        Assert.Equal($"dup3({number}<anon_inode:[eventfd]>, {number}, O_CLOEXEC): invalid argument (EINVAL)", error.Message);
    }

    [Fact]
    public void A_range_is_closed()
    {
        using SafeFileHandle one = Pipes.Event();
        int number = 900;
        Descriptors.DuplicateTo(one, number, closeOnExec: false);

        Descriptors.CloseRange((uint)number, (uint)number, CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
        Assert.True(ClosesOnExec(number));
        Descriptors.CloseRange((uint)number, (uint)number, CloseRangeFlags.None);
        Assert.False(Descriptors.IsOpen(number));

        LinuxException error = Assert.Throws<LinuxException>(() => Descriptors.CloseRange(5, 4, CloseRangeFlags.CLOSE_RANGE_UNSHARE));
        Assert.Equal("close_range(5, 4, CLOSE_RANGE_UNSHARE): invalid argument (EINVAL)", error.Message);
    }

    [Fact]
    public void Events_of_many_descriptors_come_with_their_tokens()
    {
        using SafeFileHandle epoll = Epoll.Create();
        using SafeFileHandle one = Pipes.Event();
        using SafeFileHandle other = Pipes.Event(1);
        EpollEvent[] events = new EpollEvent[4];
        Epoll.Add(epoll, one, EpollEvents.EPOLLIN, 0x1122334455667788);
        Epoll.Add(epoll, other, EpollEvents.EPOLLIN, 2);

        Assert.Equal(1, Epoll.Wait(epoll, events, 5000));
        Assert.Equal(new EpollEvent(EpollEvents.EPOLLIN, 2), events[0]);
        Epoll.Remove(epoll, other);
        Assert.Equal(0, Epoll.Wait(epoll, events, 0));
        Epoll.Modify(epoll, one, EpollEvents.EPOLLOUT, 0x8877665544332211);
        Assert.Equal(1, Epoll.Wait(epoll, events, 5000));
        Assert.Equal(new EpollEvent(EpollEvents.EPOLLOUT, 0x8877665544332211), events[0]);

        LinuxException error = Assert.Throws<LinuxException>(() => Epoll.Remove(epoll, other));
        Assert.Contains(", EPOLL_CTL_DEL, ", error.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.ENOENT, error.Errno);
    }

    [Fact]
    public unsafe void Pages_are_mapped_protected_and_given_back()
    {
        nuint length = (nuint)Environment.SystemPageSize;
        byte* pages = (byte*)Memory.MapAnonymous(length, MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE);
        pages[0] = 42;
        Memory.Protect(pages, length, MemoryProtection.PROT_READ);
        Assert.Equal(42, pages[0]);
        Memory.Unmap(pages, length);

        LinuxException error = Assert.Throws<LinuxException>(() => Memory.MapAnonymous(0, MemoryProtection.PROT_READ));
        Assert.Equal("mmap(NULL, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0): invalid argument (EINVAL)", error.Message);
    }

    [Fact]
    public void Random_bytes_are_not_all_zero()
    {
        byte[] bytes = new byte[32];
        Randomness.Fill(bytes);

        Assert.Contains(bytes, one => one != 0);
    }

    private static bool ClosesOnExec(int number)
    {
        string flags = File.ReadLines($"/proc/self/fdinfo/{number}").Single(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags[6..].Trim(), 8) & (int)OpenFlags.O_CLOEXEC) != 0;
    }
}
