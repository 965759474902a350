using System.Collections.Immutable;
using System.Net;

namespace Containerception.Networks;

/// <summary>An address of an interface, and its subnet.</summary>
public readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength)
{
    /// <summary><c>172.17.0.2/16</c></summary>
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>A bridge as it should be.</summary>
public sealed record BridgePlan
{
    /// <summary>The name of its interface, 1 to 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>Whose it is, in any words: an interface of that name that is not its is left alone, and is a <see cref="NetworkFailure.Conflict"/>.</summary>
    public required string Owner { get; init; }

    /// <summary>Its addresses, which are its containers' gateways. Without one of IPv6 it does not speak IPv6.</summary>
    public ImmutableArray<InterfaceAddress> Gateways { get; init; } = [];

    /// <summary>Null for the kernel's 1500.</summary>
    public int? Mtu { get; init; }

    /// <summary>Whether the host's loopback addresses may be the source of what is sent there: for ports published on 127.0.0.1.</summary>
    public bool RouteLocalnet { get; init; }
}
