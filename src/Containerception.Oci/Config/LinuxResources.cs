using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What the container may use. runtime-spec, config-linux.md, "Control groups".</summary>
public sealed partial record LinuxResources
{
    public ImmutableArray<DeviceRule> Devices { get; init => field = value.OrEmpty(); } = [];

    public MemoryLimits? Memory { get; init; }

    public CpuLimits? Cpu { get; init; }

    public PidsLimits? Pids { get; init; }

    public BlockIoLimits? BlockIo { get; init; }

    public ImmutableArray<HugepageLimit> HugepageLimits { get; init => field = value.OrEmpty(); } = [];

    public NetworkLimits? Network { get; init; }

    /// <summary>By device: <c>mlx5_1</c>.</summary>
    public ImmutableSortedDictionary<string, RdmaLimits> Rdma { get; init; } = ImmutableSortedDictionary<string, RdmaLimits>.Empty;

    /// <summary>Files of cgroup v2 and what is written to them, word for word.</summary>
    public ImmutableSortedDictionary<string, string> Unified { get; init; } = Empty.Map;
}

/// <summary>One rule of the device list; the last that matches decides.</summary>
public sealed record DeviceRule
{
    public bool Allow { get; init; }

    /// <summary><c>a</c> (all), <c>c</c> or <c>b</c>; null is all.</summary>
    public string? Type { get; init; }

    /// <summary>null is every number.</summary>
    public long? Major { get; init; }

    public long? Minor { get; init; }

    /// <summary>Letters of <c>rwm</c>.</summary>
    public string? Access { get; init; }
}

/// <summary>Bytes; -1 is no limit.</summary>
public sealed record MemoryLimits
{
    public long? Limit { get; init; }

    public long? Reservation { get; init; }

    /// <summary>Memory and swap together, on cgroup v2 too.</summary>
    public long? Swap { get; init; }

    public long? Kernel { get; init; }

    public long? KernelTcp { get; init; }

    public ulong? Swappiness { get; init; }

    public bool? DisableOomKiller { get; init; }

    public bool? UseHierarchy { get; init; }

    public bool? CheckBeforeUpdate { get; init; }
}

/// <summary>Microseconds, shares, and lists like <c>0-3,7</c>.</summary>
public sealed record CpuLimits
{
    public ulong? Shares { get; init; }

    public long? Quota { get; init; }

    public ulong? Burst { get; init; }

    public ulong? Period { get; init; }

    public long? RealtimeRuntime { get; init; }

    public ulong? RealtimePeriod { get; init; }

    public string? Cpus { get; init; }

    public string? Mems { get; init; }

    public long? Idle { get; init; }
}

/// <summary>How many processes and threads; -1 is no limit.</summary>
public sealed record PidsLimits
{
    public long? Limit { get; init; }
}

/// <summary>Disk weights (10 to 1000) and rates.</summary>
public sealed record BlockIoLimits
{
    public ushort? Weight { get; init; }

    public ushort? LeafWeight { get; init; }

    public ImmutableArray<WeightDevice> WeightDevice { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<ThrottleDevice> ThrottleReadBpsDevice { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<ThrottleDevice> ThrottleWriteBpsDevice { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<ThrottleDevice> ThrottleReadIopsDevice { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<ThrottleDevice> ThrottleWriteIopsDevice { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>The weight of one block device.</summary>
public sealed record WeightDevice
{
    public long Major { get; init; }

    public long Minor { get; init; }

    public ushort? Weight { get; init; }

    public ushort? LeafWeight { get; init; }
}

/// <summary>The rate of one block device: bytes or operations a second.</summary>
public sealed record ThrottleDevice
{
    public long Major { get; init; }

    public long Minor { get; init; }

    public ulong Rate { get; init; }
}

/// <summary>A limit in bytes for one size of huge page.</summary>
public sealed record HugepageLimit
{
    /// <summary><c>2MB</c>, <c>1GB</c>: as in the names of the hugetlb files.</summary>
    public required string PageSize { get; init; }

    public ulong Limit { get; init; }
}

/// <summary>cgroup v1's net_cls and net_prio.</summary>
public sealed record NetworkLimits
{
    public uint? ClassId { get; init; }

    public ImmutableArray<InterfacePriority> Priorities { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>The priority of what leaves by one interface.</summary>
public sealed record InterfacePriority
{
    public required string Name { get; init; }

    public uint Priority { get; init; }
}

/// <summary>What may be held of one RDMA device; null is no limit.</summary>
public sealed record RdmaLimits
{
    public uint? HcaHandles { get; init; }

    public uint? HcaObjects { get; init; }
}
