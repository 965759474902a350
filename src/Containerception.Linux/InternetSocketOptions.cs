using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Options of internet sockets, see socket(7), ip(7), ipv6(7) and tcp(7).</summary>
public static unsafe partial class InternetSocketOptions
{
    private const int SOL_SOCKET = 1;
    private const int SOL_IP = 0;
    private const int SOL_IPV6 = 41;
    private const int SOL_TCP = 6;
    private const int SO_REUSEADDR = 2;
    private const int SO_ERROR = 4;
    private const int SO_KEEPALIVE = 9;
    private const int SO_LINGER = 13;
    private const int IP_PKTINFO = 8;
    private const int IP_TRANSPARENT = 19;
    private const int IPV6_RECVPKTINFO = 49;
    private const int IPV6_TRANSPARENT = 75;
    private const int TCP_NODELAY = 1;

    /// <summary>A port is free again although connections of an earlier listener are not forgotten yet (TIME_WAIT). Two that listen cannot have it all the same.</summary>
    public static void SetReuseAddress(SafeFileHandle socket) => Set(socket, SOL_SOCKET, SO_REUSEADDR, nameof(SO_REUSEADDR), 1);

    /// <summary>The socket may have a name of another machine's. That is CAP_NET_ADMIN's right.</summary>
    public static void SetTransparent(SafeFileHandle socket, in InternetAddress family)
    {
        if (family.Family == InternetAddress.AF_INET)
        {
            Set(socket, SOL_IP, IP_TRANSPARENT, nameof(IP_TRANSPARENT), 1);
        }
        else
        {
            Set(socket, SOL_IPV6, IPV6_TRANSPARENT, nameof(IPV6_TRANSPARENT), 1);
        }
    }

    /// <summary>Datagrams come with the address that they were sent to: see <see cref="InternetMessages"/>.</summary>
    public static void SetTellsDestination(SafeFileHandle socket, in InternetAddress family)
    {
        if (family.Family == InternetAddress.AF_INET)
        {
            Set(socket, SOL_IP, IP_PKTINFO, nameof(IP_PKTINFO), 1);
        }
        else
        {
            Set(socket, SOL_IPV6, IPV6_RECVPKTINFO, nameof(IPV6_RECVPKTINFO), 1);
        }
    }

    /// <summary>A stream is sent at once, however little it is, and whoever is at the other end is looked for every two hours.</summary>
    public static void SetForRelay(SafeFileHandle socket)
    {
        Set(socket, SOL_TCP, TCP_NODELAY, nameof(TCP_NODELAY), 1);
        Set(socket, SOL_SOCKET, SO_KEEPALIVE, nameof(SO_KEEPALIVE), 1);
    }

    /// <summary>When it is closed the other side hears of a connection reset.</summary>
    public static void SetResetsAtEnd(SafeFileHandle socket)
    {
        // struct linger: on, for no time.
        long linger = BitConverter.IsLittleEndian ? 1 : 1L << 32;
        Check.Result(setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(long)), $"setsockopt({socket}, SO_LINGER)");
    }

    /// <summary>What became of a connect, or of what was sent; <see cref="Errno.None"/> when all is well.</summary>
    public static Errno TakeError(SafeFileHandle socket)
    {
        int error = 0;
        uint size = sizeof(int);
        Check.Result(getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, ref size), $"getsockopt({socket}, SO_ERROR)");
        return (Errno)error;
    }

    private static void Set(SafeFileHandle socket, int level, int option, string name, int value)
        => Check.Result(setsockopt(socket, level, option, &value, sizeof(int)), $"setsockopt({socket}, {name:N}, {value})");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, void* value, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeFileHandle socket, int level, int option, void* value, ref uint size);
}
