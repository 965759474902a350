using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Containerception.Networks;

/// <summary>One interface in a container, as it should be.</summary>
public abstract record InterfacePlan
{
    /// <summary>Its name in the container: eth0.</summary>
    public required string Interface { get; init; }

    /// <summary>Its hardware address.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>Its addresses. Without one of IPv6 it does not speak IPv6.</summary>
    public ImmutableArray<InterfaceAddress> Addresses { get; init; } = [];

    /// <summary>Where its IPv4 goes that goes nowhere else; null leaves the default route as it is.</summary>
    public IPAddress? Gateway4 { get; init; }

    /// <summary>The same for IPv6.</summary>
    public IPAddress? Gateway6 { get; init; }

    /// <summary>Null for the kernel's choice: 1500, or the parent's.</summary>
    public int? Mtu { get; init; }
}

/// <summary>A container at a bridge.</summary>
public sealed record EndpointPlan : InterfacePlan
{
    /// <summary>The bridge, in the thread's network namespace.</summary>
    public required string Bridge { get; init; }

    /// <summary>The name of the host's end: <see cref="InterfaceNames.Fresh"/>, for the kernel takes a while to remove the one of the last time.</summary>
    public required string HostInterface { get; init; }

    /// <summary>Whether it is kept from the bridge's other isolated ones: docker's icc=false. The host and the world it reaches all the same.</summary>
    public bool IsIsolated { get; init; }
}

/// <summary>A container with a hardware address of its own on the wire of one of the host's interfaces. The host itself it does not reach: macvlan does that.</summary>
public sealed record MacvlanPlan : InterfacePlan
{
    /// <summary>The host's interface, in the thread's network namespace.</summary>
    public required string Parent { get; init; }

    /// <summary>Which of its containers hear each other.</summary>
    public Linux.MacvlanMode Mode { get; init; } = Linux.MacvlanMode.MACVLAN_MODE_BRIDGE;
}
