using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What goes over an internet socket, spelled as in sys/socket.h.</summary>
public enum InternetSocketType
{
    None = 0,
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
}

/// <summary>An address and a port as the kernel has them, of either family: see ip(7), ipv6(7).</summary>
public readonly struct InternetAddress : IEquatable<InternetAddress>
{
    internal const ushort AF_INET = 2;
    internal const ushort AF_INET6 = 10;

    // Large enough for both.
    private readonly SockaddrIn6 _value;

    public InternetAddress(IPAddress address, ushort port)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
        {
            ref SockaddrIn name = ref Unsafe.As<SockaddrIn6, SockaddrIn>(ref _value);
            name.sin_family = AF_INET;
            name.sin_port = Network(port);
            address.TryWriteBytes(name.sin_addr, out _);
        }
        else
        {
            _value.sin6_family = AF_INET6;
            _value.sin6_port = Network(port);
            _value.sin6_scope_id = (uint)address.ScopeId;
            address.TryWriteBytes(_value.sin6_addr, out _);
        }
    }

    internal ushort Family => _value.sin6_family;

    internal uint Length => Family == AF_INET ? (uint)Unsafe.SizeOf<SockaddrIn>() : (uint)Unsafe.SizeOf<SockaddrIn6>();

    /// <summary>Without the port.</summary>
    public IPAddress Address
    {
        get
        {
            SockaddrIn6 value = _value;
            return Family == AF_INET ? new IPAddress(Unsafe.As<SockaddrIn6, SockaddrIn>(ref value).sin_addr) : new IPAddress(value.sin6_addr, value.sin6_scope_id);
        }
    }

    public ushort Port => Network(_value.sin6_port);

    public static bool operator ==(in InternetAddress left, in InternetAddress right) => left.Equals(right);

    public static bool operator !=(in InternetAddress left, in InternetAddress right) => !left.Equals(right);

    public bool Equals(InternetAddress other) => Bytes(in _value).SequenceEqual(Bytes(in other._value));

    public override bool Equals(object? obj) => obj is InternetAddress other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Bytes(in _value));
        return hash.ToHashCode();
    }

    public override string ToString() => Family is AF_INET or AF_INET6 ? new IPEndPoint(Address, Port).ToString() : $"an address of family {Family}";

    private static ReadOnlySpan<byte> Bytes(in SockaddrIn6 value) => MemoryMarshal.AsBytes(new ReadOnlySpan<SockaddrIn6>(in value));

    private static ushort Network(ushort value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
}

/// <summary>Sockets of udp(7) and tcp(7), which never wait, close-on-exec. A socket stays in the network namespace it was made in.</summary>
public static partial class InternetSockets
{
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOCK_NONBLOCK = 0x800;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SHUT_WR = 1;

    /// <summary>A socket of the family that the address belongs to, without a name.</summary>
    public static SafeFileHandle Create(InternetSocketType type, in InternetAddress address)
        => Check.Handle(socket(address.Family, (int)type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
            $"socket({address.Family}, {type}|SOCK_CLOEXEC|SOCK_NONBLOCK, 0)");

    /// <summary>Gives a socket a name; with port 0 one that is free.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EADDRINUSE"/>: another has it; <see cref="Errno.EADDRNOTAVAIL"/>: it is not of this machine.</exception>
    public static void Bind(SafeFileHandle socket, in InternetAddress address)
        => Check.Result(bind(socket, address, address.Length), $"bind({socket}, {address})");

    /// <summary>From now on datagrams come from this address alone, and its refusals are told; a stream begins to connect.</summary>
    /// <returns>False: a stream becomes writable when it is connected; or when it is not, which the first write tells.</returns>
    public static bool Connect(SafeFileHandle socket, in InternetAddress address)
    {
        int result;
        do
        {
            result = connect(socket, address, address.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        if (result < 0 && Check.LastErrno == Errno.EINPROGRESS)
        {
            return false;
        }

        Check.Result(result, $"connect({socket}, {address})");
        return true;
    }

    /// <summary>Lets others connect.</summary>
    public static void Listen(SafeFileHandle socket, int backlog) => Check.Result(listen(socket, backlog), $"listen({socket}, {backlog})");

    /// <summary>Takes one connection, which never waits; null when there is none.</summary>
    public static SafeFileHandle? TryAccept(SafeFileHandle socket, out InternetAddress from)
    {
        int result;
        do
        {
            uint length = (uint)Unsafe.SizeOf<SockaddrIn6>();
            result = accept4(socket, out from, ref length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        }
        while (result < 0 && Check.LastErrno is Errno.EINTR or Errno.ECONNABORTED);

        return result < 0 && Check.LastErrno == Errno.EAGAIN ? null : Check.Handle(result, $"accept4({socket}, SOCK_CLOEXEC|SOCK_NONBLOCK)");
    }

    /// <summary>The name that a socket has.</summary>
    public static InternetAddress NameOf(SafeFileHandle socket)
    {
        uint length = (uint)Unsafe.SizeOf<SockaddrIn6>();
        Check.Result(getsockname(socket, out InternetAddress name, ref length), $"getsockname({socket})");
        return name;
    }

    /// <summary>Tells the other side that no more comes: it reads the end of the stream.</summary>
    public static void EndOutput(SafeFileHandle socket) => Check.Result(shutdown(socket, SHUT_WR), $"shutdown({socket}, SHUT_WR)");

    /// <summary>Takes one datagram; -1 when there is none. More than the buffer's length means that this was too short.</summary>
    public static int TryReceive(SafeFileHandle socket, Span<byte> buffer, out InternetAddress from)
    {
        nint result;
        do
        {
            uint length = (uint)Unsafe.SizeOf<SockaddrIn6>();
            result = recvfrom(socket, buffer, (nuint)buffer.Length, MSG_TRUNC, out from, ref length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        return result < 0 && Check.LastErrno == Errno.EAGAIN ? -1 : (int)Check.Result(result, $"recvfrom({socket}, {buffer.Length} bytes)");
    }

    /// <summary>Sends one datagram; false when the socket's buffer is full.</summary>
    public static bool TrySend(SafeFileHandle socket, ReadOnlySpan<byte> content, in InternetAddress to)
    {
        nint result;
        do
        {
            result = sendto(socket, content, (nuint)content.Length, MSG_NOSIGNAL, to, to.Length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        if (result < 0 && Check.LastErrno == Errno.EAGAIN)
        {
            return false;
        }

        Check.Result(result, $"sendto({socket}, {content.Length} bytes, {to})");
        return true;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(SafeFileHandle socket, in InternetAddress address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(SafeFileHandle socket, in InternetAddress address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(SafeFileHandle socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(SafeFileHandle socket, out InternetAddress address, ref uint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(SafeFileHandle socket, out InternetAddress address, ref uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(SafeFileHandle socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvfrom(SafeFileHandle socket, Span<byte> buffer, nuint size, int flags, out InternetAddress address, ref uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(SafeFileHandle socket, ReadOnlySpan<byte> content, nuint size, int flags, in InternetAddress address, uint length);
}

/// <summary>struct sockaddr_in of netinet/in.h; port and address in the network's order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrIn
{
    public ushort sin_family;
    public ushort sin_port;
    public Address sin_addr;
    private readonly ulong _zero;

    [InlineArray(4)]
    internal struct Address
    {
        private byte _first;
    }
}

/// <summary>struct sockaddr_in6 of netinet/in.h; port and address in the network's order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrIn6
{
    public ushort sin6_family;
    public ushort sin6_port;
    public uint sin6_flowinfo;
    public Address sin6_addr;
    public uint sin6_scope_id;

    [InlineArray(16)]
    internal struct Address
    {
        private byte _first;
    }
}
