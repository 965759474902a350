using System.Collections.Immutable;
using System.Net;

namespace Containerception.Networks;

/// <summary>What the firewall has to know of a network on a bridge.</summary>
public sealed record BridgeRules
{
    /// <summary>The name of the bridge's interface.</summary>
    public required string Bridge { get; init; }

    /// <summary>The addresses of its containers, IPv4 and IPv6.</summary>
    public required ImmutableArray<IPNetwork> Subnets { get; init; }

    /// <summary>Nothing from here goes beyond the bridge, and nothing from beyond it comes here.</summary>
    public bool IsInternal { get; init; }

    /// <summary>What leaves the machine from here bears the machine's address.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Containers on this bridge may reach each other. Where frames do not pass the firewall (no br_netfilter) ports have to be isolated besides.</summary>
    public bool Talks { get; init; } = true;
}
