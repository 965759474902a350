using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class UnixSocketsTests
{
    [Fact]
    public void Descriptors_travel_with_a_message()
    {
        (SafeFileHandle one, SafeFileHandle other) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using (one)
        using (other)
        using (SafeFileHandle first = Pipes.Event(11))
        using (SafeFileHandle second = Pipes.Event(22))
        {
            SocketMessages.Send(one, "two"u8, first, second);
            byte[] buffer = new byte[16];
            Assert.Equal(3, SocketMessages.Receive(other, buffer, out SafeFileHandle[] received, 2));

            Assert.Equal(2, received.Length);
            byte[] counter = new byte[8];
            FileContents.Read(received[1], counter);
            Assert.Equal(22, counter[0]);
            foreach (SafeFileHandle handle in received)
            {
                handle.Dispose();
            }
        }
    }

    [Fact]
    public void More_descriptors_than_expected_are_closed_and_refused()
    {
        (SafeFileHandle one, SafeFileHandle other) = UnixSockets.Pair(UnixSocketType.SOCK_STREAM);
        using (one)
        using (other)
        {
            SocketMessages.Send(one, "x"u8, one, one);
            LinuxException error = Assert.Throws<LinuxException>(() => SocketMessages.Receive(other, new byte[1], out _));

            Assert.Equal(Errno.EMSGSIZE, error.Errno);

            // None of the copies is left: the other side sees the end when the one is closed.
            one.Dispose();
            Assert.Equal(0, SocketMessages.Receive(other, new byte[1], out _));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(200)]
    public void A_socket_is_reached_by_a_path_of_any_length(int length)
    {
        using Scratch scratch = new();
        string path = Path.Join(scratch.Folder(new string('d', length)), "socket");
        using SafeFileHandle listener = UnixSockets.Create(UnixSocketType.SOCK_STREAM, nonBlocking: true);
        using SafeFileHandle client = UnixSockets.Create(UnixSocketType.SOCK_STREAM);
        UnixSockets.Bind(listener, path);
        UnixSockets.Listen(listener);
        Assert.Null(UnixSockets.Accept(listener));

        UnixSockets.Connect(client, path);
        using SafeFileHandle? accepted = UnixSockets.Accept(listener);

        Assert.NotNull(accepted);
        Assert.Equal(Processes.GetPid(), UnixSockets.PeerOf(accepted).Pid);
    }

    [Fact]
    public void A_name_that_fits_no_address_is_refused()
    {
        using Scratch scratch = new();
        using SafeFileHandle socket = UnixSockets.Create(UnixSocketType.SOCK_STREAM);

        LinuxException error = Assert.Throws<LinuxException>(() => UnixSockets.Bind(socket, Path.Join(scratch.Path, new string('s', 200))));

        Assert.Equal(Errno.ENAMETOOLONG, error.Errno);
    }

    [Fact]
    public void An_abstract_name_is_no_path()
    {
        string name = $"@containerception-test-{Environment.ProcessId}";
        using SafeFileHandle receiver = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
        using SafeFileHandle sender = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
        UnixSockets.Bind(receiver, name);
        UnixSockets.Connect(sender, name);
        SocketMessages.Send(sender, "READY=1"u8);

        byte[] buffer = new byte[16];
        Assert.Equal(7, SocketMessages.Receive(receiver, buffer, out _));
    }

    [Fact]
    public void A_socket_that_nobody_listens_on_is_named_by_its_path()
    {
        using Scratch scratch = new();
        string path = Path.Join(scratch.Path, "nobody");
        using SafeFileHandle client = UnixSockets.Create(UnixSocketType.SOCK_STREAM);

        LinuxException error = Assert.Throws<LinuxException>(() => UnixSockets.Connect(client, path));

        Assert.EndsWith($", \"{path}\"): no such file or directory (ENOENT)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_end_is_an_error_and_no_signal()
    {
        (SafeFileHandle one, SafeFileHandle other) = UnixSockets.Pair(UnixSocketType.SOCK_STREAM);
        using (one)
        {
            other.Dispose();
            Assert.Equal(Errno.EPIPE, Assert.Throws<LinuxException>(() => SocketMessages.Send(one, "x"u8)).Errno);
        }
    }
}
