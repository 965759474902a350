using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>How a socket keeps messages apart, spelled as in sys/socket.h.</summary>
public enum UnixSocketType
{
    None = 0,
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_SEQPACKET = 5,
}

/// <summary>struct ucred of sys/socket.h: who was at the other end when it connected, as the caller's namespaces number them.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid);

/// <summary>unix(7) sockets, all close-on-exec. See <see cref="SocketMessages"/> for what goes over them.</summary>
public static unsafe partial class UnixSockets
{
    private const int AF_UNIX = 1;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOCK_NONBLOCK = 0x800;
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;

    /// <summary>Two connected sockets.</summary>
    public static (SafeFileHandle One, SafeFileHandle Other) Pair(UnixSocketType type)
    {
        int* ends = stackalloc int[2];
        Check.Result(socketpair(AF_UNIX, (int)type | SOCK_CLOEXEC, 0, ends), $"socketpair(AF_UNIX, {type}|SOCK_CLOEXEC, 0)");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>A socket that is not connected.</summary>
    public static SafeFileHandle Create(UnixSocketType type, bool nonBlocking = false)
    {
        int flags = SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0);
        return Check.Handle(socket(AF_UNIX, (int)type | flags, 0), $"socket(AF_UNIX, {type}|0x{flags:x}, 0)");
    }

    /// <summary>Connects to the socket at a path of any length; one that begins with @ is abstract, a name of the network namespace.</summary>
    public static void Connect(SafeFileHandle socket, string path)
    {
        if (IsShort(path))
        {
            ConnectTo(socket, path, path);
            return;
        }

        // sun_path has 108 bytes. The magic link of an O_PATH descriptor leads to the socket itself.
        using SafeFileHandle target = Files.Open(path, OpenFlags.O_PATH);
        ConnectTo(socket, Descriptor.MagicLink(target), path);
    }

    /// <summary>Connects to the socket that an O_PATH descriptor stands for.</summary>
    public static void Connect(SafeFileHandle socket, SafeFileHandle target)
        => ConnectTo(socket, Descriptor.MagicLink(target), Descriptor.Describe(target));

    /// <summary>Gives a socket a name: a path where nothing may be yet, of any length but for its last part (80 bytes), or @name.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EADDRINUSE"/>: something has the name.</exception>
    public static void Bind(SafeFileHandle socket, string path)
    {
        if (IsShort(path))
        {
            BindTo(socket, path, path);
            return;
        }

        string parent = Path.GetDirectoryName(path) is { Length: > 0 } directory ? directory : ".";
        using SafeFileHandle opened = Files.Open(parent, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        BindTo(socket, $"{Descriptor.MagicLink(opened)}/{Path.GetFileName(path)}", path);
    }

    /// <summary>Lets others connect.</summary>
    public static void Listen(SafeFileHandle socket, int backlog = 16) => Check.Result(listen(socket, backlog), $"listen({socket}, {backlog})");

    /// <summary>Waits for somebody to connect; null when the socket does not block and there is nobody.</summary>
    public static SafeFileHandle? Accept(SafeFileHandle socket)
    {
        int result;
        do
        {
            result = accept4(socket, 0, 0, SOCK_CLOEXEC);
        }
        while (result < 0 && Check.LastErrno is Errno.EINTR or Errno.ECONNABORTED);

        return result < 0 && Check.LastErrno == Errno.EAGAIN ? null : Check.Handle(result, $"accept4({socket}, NULL, NULL, SOCK_CLOEXEC)");
    }

    /// <summary>Who made the connection, or the pair.</summary>
    public static PeerCredentials PeerOf(SafeFileHandle socket)
    {
        PeerCredentials peer = default;
        uint size = (uint)sizeof(PeerCredentials);
        Check.Result(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, ref size), $"getsockopt({socket}, SOL_SOCKET, SO_PEERCRED)");
        return peer;
    }

    private static bool IsShort(string path) => path.Length < SockaddrUn.PathBytes && Encoding.UTF8.GetByteCount(path) < SockaddrUn.PathBytes;

    private static void ConnectTo(SafeFileHandle socket, string address, string path)
    {
        SockaddrUn name = SockaddrUn.From(address, out uint length);
        int result;
        do
        {
            result = connect(socket, name, length);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        Check.Result(result, $"connect({socket}, {path})");
    }

    private static void BindTo(SafeFileHandle socket, string address, string path)
    {
        SockaddrUn name = SockaddrUn.From(address, out uint length);
        Check.Result(bind(socket, name, length), $"bind({socket}, {path})");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int family, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(SafeFileHandle socket, in SockaddrUn address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(SafeFileHandle socket, in SockaddrUn address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(SafeFileHandle socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(SafeFileHandle socket, nint address, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeFileHandle socket, int level, int option, void* value, ref uint size);
}

/// <summary>struct sockaddr_un of sys/un.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrUn
{
    /// <summary>sizeof sun_path.</summary>
    public const int PathBytes = 108;

    private const ushort AF_UNIX = 1;

    public ushort sun_family;
    public SunPath sun_path;

    /// <summary>The address of a path, or of an abstract name when it begins with @; the path is shorter than <see cref="PathBytes"/>.</summary>
    public static SockaddrUn From(string path, out uint length)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new LinuxException($"the socket \"{path.Replace("\0", "\\0", StringComparison.Ordinal)}\" with a NUL in its name", Errno.EINVAL);
        }

        if (Encoding.UTF8.GetByteCount(path) >= PathBytes)
        {
            throw new LinuxException($"the socket \"{path}\", whose name alone fills an address of {PathBytes} bytes", Errno.ENAMETOOLONG);
        }

        SockaddrUn address = new() { sun_family = AF_UNIX };
        Span<byte> bytes = address.sun_path;
        int count = Encoding.UTF8.GetBytes(path, bytes[..(PathBytes - 1)]);
        bool isAbstract = path.StartsWith('@');
        if (isAbstract)
        {
            bytes[0] = 0;
        }

        // An abstract name has no end but the length; a path has its NUL.
        length = (uint)(sizeof(ushort) + count + (isAbstract ? 0 : 1));
        return address;
    }

    [InlineArray(PathBytes)]
    internal struct SunPath
    {
        private byte _first;
    }
}
