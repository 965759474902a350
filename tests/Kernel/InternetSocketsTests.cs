using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

/// <summary>Beside .NET's own sockets, as the stranger at the other end.</summary>
public sealed class InternetSocketsTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Datagrams_go_there_and_back(string text)
    {
        IPAddress address = IPAddress.Parse(text);
        using Socket other = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(new IPEndPoint(address, 0));
        InternetAddress there = new(address, (ushort)((IPEndPoint)other.LocalEndPoint!).Port);
        using SafeFileHandle socket = InternetSockets.Create(InternetSocketType.SOCK_DGRAM, there);
        InternetSockets.Bind(socket, new InternetAddress(address, 0));
        byte[] buffer = new byte[3];
        Assert.Equal(-1, InternetSockets.TryReceive(socket, buffer, out _));

        Assert.True(InternetSockets.TrySend(socket, "ping"u8, there));
        EndPoint from = new IPEndPoint(address, 0);
        byte[] heard = new byte[16];
        Assert.Equal(4, other.ReceiveFrom(heard, ref from));
        other.SendTo("back!"u8.ToArray(), from);

        Assert.Equal(PollEvents.POLLIN, Polling.Poll(socket, PollEvents.POLLIN, 5000));
        Assert.Equal(5, InternetSockets.TryReceive(socket, buffer, out InternetAddress sender));
        Assert.Equal("bac"u8, buffer);
        Assert.Equal(there.ToString(), sender.ToString());
        Assert.Equal(other.LocalEndPoint!.ToString(), sender.ToString());
    }

    [Fact]
    public void A_stream_connects_or_says_why_not()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        InternetAddress there = new(IPAddress.Loopback, (ushort)((IPEndPoint)listener.LocalEndpoint).Port);
        Assert.Equal(Errno.None, ErrorOfConnecting(there));
        listener.Stop();
        Assert.Equal(Errno.ECONNREFUSED, ErrorOfConnecting(there));
    }

    [Fact]
    public void An_address_that_is_taken_or_foreign_is_named()
    {
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        InternetAddress taken = new(IPAddress.Loopback, (ushort)((IPEndPoint)other.LocalEndPoint!).Port);
        using SafeFileHandle socket = InternetSockets.Create(InternetSocketType.SOCK_DGRAM, taken);

        LinuxException failure = Assert.Throws<LinuxException>(() => InternetSockets.Bind(socket, taken));
        Assert.Equal(Errno.EADDRINUSE, failure.Errno);
        Assert.Contains($"{other.LocalEndPoint}", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.EADDRNOTAVAIL, Assert.Throws<LinuxException>(() => InternetSockets.Bind(socket, new InternetAddress(IPAddress.Parse("192.0.2.1"), 0))).Errno);
        Assert.Equal("[fe80::1%1]:53", new InternetAddress(IPAddress.Parse("fe80::1%1"), 53).ToString());
    }

    private static Errno ErrorOfConnecting(InternetAddress there)
    {
        using SafeFileHandle socket = InternetSockets.Create(InternetSocketType.SOCK_STREAM, there);
        if (!InternetSockets.Connect(socket, there))
        {
            Polling.Poll(socket, PollEvents.POLLOUT, 5000);
        }

        try
        {
            FileContents.TryWrite(socket, "?"u8);
            return Errno.None;
        }
        catch (LinuxException failure)
        {
            return failure.Errno;
        }
    }
}
