using System.Collections.Immutable;
using System.Net;

namespace Containerception.Engine;

/// <summary>What <c>cdock network create</c> is asked for.</summary>
/// <param name="Name">1 to 63 of [a-zA-Z0-9_.-], starting with a letter or digit.</param>
public sealed record NetworkCreateRequest(string Name)
{
    /// <summary><c>bridge</c> or <c>macvlan</c>.</summary>
    public string Driver { get; init; } = "bridge";

    /// <summary>One of each family at most; without one of IPv4 a free one is chosen.</summary>
    public ImmutableArray<NetworkPool> Pools { get; init; } = [];

    /// <summary>Its containers reach each other, and nothing outside.</summary>
    public bool IsInternal { get; init; }

    /// <summary>It has IPv6 too; without a pool a free one is chosen.</summary>
    public bool HasIPv6 { get; init; }

    /// <summary>docker's names: <c>com.docker.network.bridge.name</c>, <c>com.docker.network.driver.mtu</c>, <c>parent</c>, ….</summary>
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Notes on the network.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Noted, and told: here everybody may attach.</summary>
    public bool IsAttachable { get; init; }
}

/// <summary>The addresses of a network, of one family.</summary>
/// <param name="Subnet">All of them.</param>
/// <param name="Range">Those that containers get without asking; null for all.</param>
/// <param name="Gateway">The bridge's own; null for the first.</param>
public sealed record NetworkPool(IPNetwork Subnet, IPNetwork? Range = null, IPAddress? Gateway = null)
{
    /// <summary>Addresses that somebody else has, by name.</summary>
    public ImmutableSortedDictionary<string, string> Auxiliary { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
