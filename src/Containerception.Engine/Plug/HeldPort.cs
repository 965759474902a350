using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Containerception.Networks;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// A port of the host that nobody else can have: a socket is bound to it, which the supervisor inherits. Packets do not reach it where they are led on to the
/// container before. What comes to it all the same is relayed: a plain user's packets, those of IPv6 to a container that has IPv4 alone, and those to ::1, for
/// which the kernel has no route_localnet. Such a socket listens, and who comes before the container is there waits.
/// </summary>
internal sealed class HeldPort : IDisposable
{
    private const int Backlog = 4096;

    private readonly Socket? _socket;

    private HeldPort(Socket? socket, PublishedPort port)
    {
        _socket = socket;
        Port = port;
    }

    public PublishedPort Port { get; }

    /// <summary>The bound socket; null for a protocol of which this kernel has no sockets, but whose packets it can lead on.</summary>
    public SafeFileHandle? Descriptor => _socket is null ? null : new SafeFileHandle(_socket.SafeHandle.DangerousGetHandle(), ownsHandle: false);

    /// <summary>By which its supervisor knows it.</summary>
    public string Key => KeyOf(Port);

    /// <inheritdoc cref="Key"/>
    public static string KeyOf(PublishedPort port)
    {
        string key = $"{port.Protocol.Name()} {new IPEndPoint(port.HostAddress, port.HostPort)}";

        // Where it leads is said only to a relay: where packets are led, it changes with the container's networks.
        return IsRelayed(port) ? $"{key} {new IPEndPoint(port.ContainerAddress, port.ContainerPort)}" : key;
    }

    /// <summary>Something that comes is relayed, not led.</summary>
    public static bool IsRelayed(PublishedPort port) => IsRelayed(port.Protocol, port.HostAddress, port.ContainerAddress);

    /// <summary>Whether a port of one address can lead to another: packets of sctp can only be led.</summary>
    public static bool CanLead(PortProtocol protocol, IPAddress host, IPAddress container)
        => protocol != PortProtocol.Sctp || (!PlainUser.IsRootOfHisOwn && host.AddressFamily == container.AddressFamily);

    /// <summary>Takes a port; null when somebody has it.</summary>
    /// <param name="protocol">Of IP.</param>
    /// <param name="host">0.0.0.0 or :: for all of that family.</param>
    /// <param name="hostPort">0 for any.</param>
    /// <param name="container">To whom it leads.</param>
    /// <exception cref="EngineException">The address is not the host's, or the port is not for this user.</exception>
    public static HeldPort? TryTake(PortProtocol protocol, IPAddress host, ushort hostPort, IPEndPoint container)
    {
        if (!CanLead(protocol, host, container.Address))
        {
            throw new EngineException(FailureKind.Unsupported, "cannot publish ports of sctp that are relayed: for another user than root, or from IPv6 to IPv4", "tcp and udp are");
        }

        Socket? socket = null;
        try
        {
            socket = TryOpen(protocol, host.AddressFamily);
            if (socket is not null)
            {
                if (host.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    socket.DualMode = false;
                }

                if (protocol == PortProtocol.Tcp && IsRelayed(protocol, host, container.Address))
                {
                    Listen(socket, new IPEndPoint(host, hostPort));
                }
                else
                {
                    socket.Bind(new IPEndPoint(host, hostPort));
                }
            }
        }
        catch (SocketException refused)
        {
            socket?.Dispose();
            return refused.SocketErrorCode == SocketError.AddressAlreadyInUse ? null : throw Refused(refused, protocol, host, hostPort);
        }

        ushort chosen = socket is null ? hostPort : (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
        return new HeldPort(socket, new PublishedPort
        {
            Protocol = protocol,
            HostAddress = host,
            HostPort = chosen,
            ContainerAddress = container.Address,
            ContainerPort = (ushort)container.Port,
        });
    }

    public void Dispose() => _socket?.Dispose();

    private static bool IsRelayed(PortProtocol protocol, IPAddress host, IPAddress container) => protocol != PortProtocol.Sctp
        && (PlainUser.IsRootOfHisOwn || host.AddressFamily != container.AddressFamily || host.Equals(IPAddress.IPv6Any) || host.Equals(IPAddress.IPv6Loopback));

    // Connections of an earlier container that are not forgotten yet are in nobody's way; of two that listen one is refused.
    private static void Listen(Socket socket, IPEndPoint at)
    {
        using SafeFileHandle borrowed = new(socket.SafeHandle.DangerousGetHandle(), ownsHandle: false);
        InternetSocketOptions.SetReuseAddress(borrowed);
        socket.Bind(at);
        socket.Listen(Backlog);
    }

    private static Socket? TryOpen(PortProtocol protocol, AddressFamily family)
    {
        try
        {
            // Of a socket that .NET knows to be TCP's it sets SO_REUSEADDR, and two could have the port; the kernel's default for a stream is TCP.
            return protocol == PortProtocol.Udp
                ? new Socket(family, SocketType.Dgram, ProtocolType.Udp)
                : new Socket(family, SocketType.Stream, protocol == PortProtocol.Tcp ? ProtocolType.Unspecified : (ProtocolType)protocol);
        }
        catch (SocketException unknown) when (protocol == PortProtocol.Sctp && unknown.SocketErrorCode is SocketError.ProtocolNotSupported or SocketError.SocketNotSupported)
        {
            return null;
        }
    }

    private static EngineException Refused(SocketException refused, PortProtocol protocol, IPAddress host, ushort port) => refused.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => new EngineException(
            FailureKind.Invalid, $"cannot publish {protocol.Name()} {new IPEndPoint(host, port)}: no interface of the host has the address {host}", "`ip addr` lists them", refused),
        SocketError.AccessDenied => new EngineException(
            FailureKind.System, $"cannot publish {protocol.Name()} {new IPEndPoint(host, port)}: permission denied (EACCES)",
            "ports below net.ipv4.ip_unprivileged_port_start are root's: choose a higher one", refused),
        SocketError.TooManyOpenSockets => new EngineException(
            FailureKind.System, $"cannot publish {protocol.Name()} {new IPEndPoint(host, port)}: too many open files (EMFILE)", "publish fewer ports, or raise `ulimit -n`", refused),
        _ => new EngineException(FailureKind.System, $"cannot publish {protocol.Name()} {new IPEndPoint(host, port)}: {refused.Message}", cause: refused),
    };
}
