using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What only Linux has. runtime-spec, config-linux.md.</summary>
public sealed record LinuxConfig
{
    public ImmutableArray<NamespaceConfig> Namespaces { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<IdMapping> UidMappings { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<IdMapping> GidMappings { get; init => field = value.OrEmpty(); } = [];

    /// <summary>By clock: <c>monotonic</c> and <c>boottime</c>. time_namespaces(7).</summary>
    public ImmutableSortedDictionary<string, TimeOffset> TimeOffsets { get; init; } = ImmutableSortedDictionary<string, TimeOffset>.Empty;

    /// <summary>By the name of the interface in the runtime's network namespace.</summary>
    public ImmutableSortedDictionary<string, NetDeviceConfig> NetDevices { get; init; } = ImmutableSortedDictionary<string, NetDeviceConfig>.Empty;

    public ImmutableArray<DeviceConfig> Devices { get; init => field = value.OrEmpty(); } = [];

    public string? CgroupsPath { get; init; }

    public LinuxResources? Resources { get; init; }

    /// <summary><c>shared</c>, <c>slave</c>, <c>private</c> or <c>unbindable</c>, each also with an <c>r</c> before it.</summary>
    public string? RootfsPropagation { get; init; }

    public SeccompConfig? Seccomp { get; init; }

    public ImmutableSortedDictionary<string, string> Sysctl { get; init; } = Empty.Map;

    public ImmutableArray<string> MaskedPaths { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> ReadonlyPaths { get; init => field = value.OrEmpty(); } = [];

    /// <summary>An SELinux context.</summary>
    public string? MountLabel { get; init; }

    public PersonalityConfig? Personality { get; init; }

    public MemoryPolicyConfig? MemoryPolicy { get; init; }

    public IntelRdtConfig? IntelRdt { get; init; }
}

/// <summary>A namespace to make, or with <see cref="Path"/> to join.</summary>
public sealed record NamespaceConfig
{
    /// <summary><c>pid</c>, <c>network</c>, <c>mount</c>, <c>ipc</c>, <c>uts</c>, <c>user</c>, <c>cgroup</c> or <c>time</c>.</summary>
    public required string Type { get; init; }

    public string? Path { get; init; }
}

/// <summary>A range of ids in the container and where it lies outside. user_namespaces(7).</summary>
public sealed record IdMapping
{
    public uint ContainerId { get; init; }

    public uint HostId { get; init; }

    public uint Size { get; init; }
}

/// <summary>How far a clock is ahead in a time namespace.</summary>
public sealed record TimeOffset
{
    public long Secs { get; init; }

    public uint Nanosecs { get; init; }
}

/// <summary>A device node to make.</summary>
public sealed record DeviceConfig
{
    public required string Path { get; init; }

    /// <summary><c>c</c>, <c>b</c>, <c>u</c> (as c) or <c>p</c>.</summary>
    public required string Type { get; init; }

    public long Major { get; init; }

    public long Minor { get; init; }

    public uint? FileMode { get; init; }

    public uint? Uid { get; init; }

    public uint? Gid { get; init; }
}

/// <summary>A network interface that moves into the container.</summary>
public sealed record NetDeviceConfig
{
    /// <summary>What it is called there; null for the same. <c>eth%d</c> is the first such name that is free.</summary>
    public string? Name { get; init; }
}

/// <summary>personality(2).</summary>
public sealed record PersonalityConfig
{
    /// <summary><c>LINUX</c> or <c>LINUX32</c>.</summary>
    public required string Domain { get; init; }

    public ImmutableArray<string> Flags { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>On which NUMA nodes memory comes to lie: set_mempolicy(2).</summary>
public sealed record MemoryPolicyConfig
{
    /// <summary><c>MPOL_BIND</c> and its like.</summary>
    public required string Mode { get; init; }

    /// <summary>A list like <c>0-3,7</c>.</summary>
    public string? Nodes { get; init; }

    /// <summary><c>MPOL_F_STATIC_NODES</c> and its like.</summary>
    public ImmutableArray<string> Flags { get; init => field = value.OrEmpty(); } = [];
}
