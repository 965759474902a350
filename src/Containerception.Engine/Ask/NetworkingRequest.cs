using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Containerception.Engine;

/// <summary>How a container is connected: docker's <c>--network</c>, <c>--publish</c>, <c>--dns</c> and what goes with them.</summary>
public sealed record NetworkingRequest
{
    /// <summary>The network that a container joins when nothing else is asked for.</summary>
    public const string DefaultNetwork = "bridge";

    /// <summary>What is before the name or id of a container whose network namespace is shared.</summary>
    public const string ContainerPrefix = "container:";

    /// <summary>
    /// <c>none</c>, <c>host</c>, <c>container:NAME</c> or the name of the first of <see cref="Networks"/>; null for the default, which is the
    /// bridge where networks can be made, and none elsewhere.
    /// </summary>
    public string? Mode { get; init; }

    /// <summary>The networks that it joins, where its mode is none of the other three.</summary>
    public ImmutableArray<EndpointRequest> Networks { get; init; } = [];

    /// <summary>Ports of the host that lead to it.</summary>
    public ImmutableArray<PortRequest> Ports { get; init; } = [];

    /// <summary>Every exposed port, of the image and of <see cref="Exposed"/>, gets a free port of the host.</summary>
    public bool PublishAll { get; init; }

    /// <summary>Ports that it says it serves: <c>80/tcp</c>.</summary>
    public ImmutableArray<string> Exposed { get; init; } = [];

    /// <summary>Resolvers in place of the host's.</summary>
    public ImmutableArray<string> Dns { get; init; } = [];

    /// <summary>Domains in which short names are looked for, in place of the host's; <c>.</c> is none.</summary>
    public ImmutableArray<string> DnsSearch { get; init; } = [];

    /// <summary>Options of resolv.conf(5).</summary>
    public ImmutableArray<string> DnsOptions { get; init; } = [];

    /// <summary>Lines of /etc/hosts: <c>NAME:ADDRESS</c>; the address <c>host-gateway</c> is the host's.</summary>
    public ImmutableArray<string> AddHosts { get; init; } = [];

    /// <summary>Something is asked for that stands in /etc/resolv.conf or /etc/hosts.</summary>
    internal bool HasOwnFiles => !(Dns.IsEmpty && DnsSearch.IsEmpty && DnsOptions.IsEmpty && AddHosts.IsEmpty);

    /// <summary>The container's network is that of another one.</summary>
    internal string? Container => Mode?.StartsWith(ContainerPrefix, StringComparison.Ordinal) ?? false ? Mode[ContainerPrefix.Length..] : null;
}

/// <summary>How a container is in one network.</summary>
/// <param name="Network">The network's name, its id, or the beginning of that.</param>
public sealed record EndpointRequest(string Network)
{
    /// <summary>Other names by which containers of the network find it.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];

    /// <summary>Its IPv4 address; null for any.</summary>
    public IPAddress? Address4 { get; init; }

    /// <summary>Its IPv6 address; null for any.</summary>
    public IPAddress? Address6 { get; init; }

    /// <summary>Its hardware address; null for one that is made of its address.</summary>
    public PhysicalAddress? HardwareAddress { get; init; }

    /// <summary>Of several networks the default route leads to that with the highest; names decide between equals.</summary>
    public int GatewayPriority { get; init; }
}
