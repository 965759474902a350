using System.Collections.Immutable;

namespace Containerception.Cgroups;

// Classes and plain lists: records bring a comparison of each kind of member into the program, sorted maps of numbers a tree. It is 0.1 MB less.

/// <summary>What a container uses, and how often it met its limits. What the machine does not count is zero, empty or null.</summary>
public sealed class CgroupStats
{
    public CpuStats Cpu { get; init; } = new();

    public CpusetStats Cpuset { get; init; } = new();

    public MemoryStats Memory { get; init; } = new();

    public PidsStats Pids { get; init; } = new(0, 0);

    public IoStats Io { get; init; } = new();

    /// <summary>By page size: <c>2MB</c>.</summary>
    public ImmutableSortedDictionary<string, HugepageStats> Hugepages { get; init; } = ImmutableSortedDictionary<string, HugepageStats>.Empty;

    /// <summary>Null without an rdma controller.</summary>
    public RdmaStats? Rdma { get; init; }

    /// <summary>By resource; null without a misc controller.</summary>
    public ImmutableSortedDictionary<string, MiscStats>? Misc { get; init; }
}

/// <summary>Processor time, in nanoseconds. By processor only in version 1.</summary>
public sealed class CpuStats
{
    public ulong Total { get; init; }

    public ulong Kernel { get; init; }

    public ulong User { get; init; }

    public ImmutableArray<ulong> PerCpu { get; init; } = [];

    public ImmutableArray<ulong> PerCpuKernel { get; init; } = [];

    public ImmutableArray<ulong> PerCpuUser { get; init; } = [];

    public ulong Periods { get; init; }

    public ulong ThrottledPeriods { get; init; }

    public ulong ThrottledTime { get; init; }

    public Pressure? Pressure { get; init; }
}

/// <summary>Which processors and memory nodes there are, and version 1's switches.</summary>
public sealed class CpusetStats
{
    public ImmutableArray<uint> Cpus { get; init; } = [];

    public ImmutableArray<uint> Mems { get; init; } = [];

    public ulong CpuExclusive { get; init; }

    public ulong MemHardwall { get; init; }

    public ulong MemExclusive { get; init; }

    public ulong MemoryMigrate { get; init; }

    public ulong MemorySpreadPage { get; init; }

    public ulong MemorySpreadSlab { get; init; }

    public ulong MemoryPressure { get; init; }

    public ulong SchedLoadBalance { get; init; }

    public long SchedRelaxDomainLevel { get; init; }
}

/// <summary>Bytes. Swap is memory and swap together, as version 1 counts it.</summary>
public sealed class MemoryStats
{
    public ulong Cache { get; init; }

    public MemoryUse Usage { get; init; }

    public MemoryUse Swap { get; init; }

    public MemoryUse Kernel { get; init; }

    public MemoryUse KernelTcp { get; init; }

    /// <summary>memory.stat as it is.</summary>
    public IReadOnlyList<(string Name, ulong Value)> Raw { get; init; } = [];

    public Pressure? Pressure { get; init; }
}

/// <summary>One kind of memory: its limit, how much is and was used, and how often the limit was met.</summary>
public readonly record struct MemoryUse(ulong Limit, ulong Usage, ulong Max, ulong Failures);

/// <summary>How many processes and threads there are and may be; a limit of 0 is none.</summary>
public sealed record PidsStats(ulong Current, ulong Limit);

/// <summary>What was read and written, by device and kind of operation.</summary>
public sealed class IoStats
{
    public ImmutableArray<IoCount> ServiceBytes { get; init; } = [];

    public ImmutableArray<IoCount> Serviced { get; init; } = [];

    public ImmutableArray<IoCount> Queued { get; init; } = [];

    public ImmutableArray<IoCount> ServiceTime { get; init; } = [];

    public ImmutableArray<IoCount> WaitTime { get; init; } = [];

    public ImmutableArray<IoCount> Merged { get; init; } = [];

    public ImmutableArray<IoCount> Time { get; init; } = [];

    public ImmutableArray<IoCount> Sectors { get; init; } = [];

    public Pressure? Pressure { get; init; }
}

/// <summary>One count of one device. The operation is <c>Read</c>, <c>Write</c>, <c>Discard</c>, …; empty where they are not told apart.</summary>
public sealed record IoCount(ulong Major, ulong Minor, string Operation, ulong Value);

/// <summary>Huge pages of one size, in bytes.</summary>
public sealed record HugepageStats(ulong Usage, ulong Max, ulong Failures);

/// <summary>RDMA resources, by device.</summary>
public sealed record RdmaStats(ImmutableArray<RdmaCount> Limit, ImmutableArray<RdmaCount> Current);

/// <summary>The resources of one RDMA device.</summary>
public sealed record RdmaCount(string Device, ulong HcaHandles, ulong HcaObjects);

/// <summary>One resource of the misc controller.</summary>
public sealed record MiscStats(ulong Usage, ulong Events);

/// <summary>How long processes waited for a resource: some of them, and all at once.</summary>
public sealed record Pressure(PressureLine Some, PressureLine Full);

/// <summary>Percent of the last 10, 60 and 300 seconds, and microseconds in all.</summary>
public readonly record struct PressureLine(double Average10, double Average60, double Average300, ulong Total);
