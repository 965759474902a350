using System.Net;

namespace Containerception.Networks;

/// <summary>Protocols that have ports; the numbers are IPPROTO's.</summary>
public enum PortProtocol
{
    /// <summary>tcp(7).</summary>
    Tcp = 6,

    /// <summary>udp(7).</summary>
    Udp = 17,

    /// <summary>sctp(7).</summary>
    Sctp = 132,
}

/// <summary>A port of the host that leads to a port of a container.</summary>
public sealed record PublishedPort
{
    /// <summary>Of both.</summary>
    public required PortProtocol Protocol { get; init; }

    /// <summary>An address of the host; 0.0.0.0 or :: is any of that family.</summary>
    public required IPAddress HostAddress { get; init; }

    /// <summary>The port there.</summary>
    public required ushort HostPort { get; init; }

    /// <summary>The container's address; of another family only where what comes is relayed.</summary>
    public required IPAddress ContainerAddress { get; init; }

    /// <summary>The port there.</summary>
    public required ushort ContainerPort { get; init; }

    /// <summary>Packets are led to the container: both addresses are of one family.</summary>
    public bool IsLed => HostAddress.AddressFamily == ContainerAddress.AddressFamily;

    internal bool IsForAnyAddress => HostAddress.Equals(IPAddress.Any) || HostAddress.Equals(IPAddress.IPv6Any);
}
