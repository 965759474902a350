using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Containerception.Engine;

/// <summary>A network, as <c>network inspect</c> tells it.</summary>
public sealed record NetworkInfo
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name it was given.</summary>
    public required string Name { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary><c>bridge</c>, <c>macvlan</c>, <c>host</c> or <c>null</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Its containers reach nothing outside.</summary>
    public bool IsInternal { get; init; }

    /// <summary>It has IPv6 too.</summary>
    public bool HasIPv6 { get; init; }

    /// <summary>As it was asked for.</summary>
    public bool IsAttachable { get; init; }

    /// <summary>Its addresses; the gateway is always known.</summary>
    public ImmutableArray<NetworkPool> Pools { get; init; } = [];

    /// <summary>As they were asked for.</summary>
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Notes on the network.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Containers that have an address in it, running or not.</summary>
    public ImmutableArray<EndpointInfo> Endpoints { get; init; } = [];

    /// <summary>One of the three that are always there: bridge, host, none.</summary>
    public bool IsPredefined => Name is NetworkingRequest.DefaultNetwork or "host" or "none";
}

/// <summary>A container's place in a network.</summary>
public sealed record EndpointInfo
{
    /// <summary>The network's id.</summary>
    public required string NetworkId { get; init; }

    /// <summary>The network's name.</summary>
    public required string NetworkName { get; init; }

    /// <summary>The container's id.</summary>
    public required string ContainerId { get; init; }

    /// <summary>Its IPv4 address; null without.</summary>
    public IPAddress? Address4 { get; init; }

    /// <summary>Bits of it that are the network's.</summary>
    public int PrefixLength4 { get; init; }

    /// <summary>Its IPv6 address; null without.</summary>
    public IPAddress? Address6 { get; init; }

    /// <summary>Bits of it that are the network's.</summary>
    public int PrefixLength6 { get; init; }

    /// <summary>The network's gateway; null where it leads nowhere.</summary>
    public IPAddress? Gateway4 { get; init; }

    /// <inheritdoc cref="Gateway4"/>
    public IPAddress? Gateway6 { get; init; }

    /// <summary>Its hardware address, with colons.</summary>
    public required string HardwareAddress { get; init; }

    /// <summary>Other names by which it is found there.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];
}

/// <summary>A port of the host that leads to a container now.</summary>
/// <param name="ContainerPort">The container's.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">The host's; 0.0.0.0 or :: for all of that family.</param>
/// <param name="HostPort">The host's.</param>
public sealed record PortInfo(ushort ContainerPort, string Protocol, IPAddress HostAddress, ushort HostPort)
{
    /// <summary><c>80/tcp</c>.</summary>
    public string ContainerName => string.Create(CultureInfo.InvariantCulture, $"{ContainerPort}/{Protocol}");
}
