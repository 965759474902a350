using System.Collections.Immutable;
using Containerception.Cgroups;

namespace Containerception.Runtime;

/// <summary>What a container uses, and how often it met its limits.</summary>
public sealed record ContainerStats
{
    public required CgroupStats Cgroup { get; init; }

    /// <summary>With linux.intelRdt.</summary>
    public ResctrlStats? Rdt { get; init; }

    /// <summary>Null when its network is the host's.</summary>
    public ImmutableArray<InterfaceStats>? Interfaces { get; init; }
}

/// <summary>What went through one network interface.</summary>
public sealed record InterfaceStats(
    string Name, ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);
