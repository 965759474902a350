using System.Collections.Immutable;

namespace Containerception.Oci;

public sealed partial record LinuxResources
{
    /// <summary>
    /// These limits, changed: what the changes do not say stays, and so do the devices. 0 says nothing where it can be no limit, as for runc.
    /// </summary>
    public LinuxResources With(LinuxResources changes) => this with
    {
        Memory = ResourcesMerge.Memory(Memory ?? new(), changes.Memory),
        Cpu = ResourcesMerge.Cpu(Cpu ?? new(), changes.Cpu),
        Pids = changes.Pids?.Limit is null ? Pids : changes.Pids,
        BlockIo = ResourcesMerge.BlockIo(BlockIo ?? new(), changes.BlockIo),
        HugepageLimits = ResourcesMerge.ByKey(HugepageLimits, changes.HugepageLimits, static (one, other) => one.PageSize == other.PageSize),
        Network = ResourcesMerge.Network(Network ?? new(), changes.Network),
        Rdma = Rdma.SetItems(changes.Rdma),
        Unified = Unified.SetItems(changes.Unified),
    };

    /// <summary>
    /// These changes alone, with what of the old limits the kernel has to be told again: a quota is taken with its period, and memory and
    /// swap together with the memory.
    /// </summary>
    public LinuxResources ChangesOf(LinuxResources old)
    {
        CpuLimits? cpu = Cpu;
        if (cpu is { Quota: not (null or 0) } or { Period: not (null or 0) })
        {
            cpu = cpu with { Quota = ResourcesMerge.Or(cpu.Quota, old.Cpu?.Quota), Period = ResourcesMerge.Or(cpu.Period, old.Cpu?.Period) };
        }

        MemoryLimits? memory = Memory;
        if (memory is { Swap: > 0, Limit: null or 0 })
        {
            memory = memory with { Limit = old.Memory?.Limit };
        }
        else if (memory is { Limit: > 0, Swap: null or 0 })
        {
            // Version 2 knows swap alone: when the memory changes, what the sum leaves for swap does too.
            memory = memory with { Swap = old.Memory?.Swap };
        }

        return this with { Devices = [], Cpu = cpu, Memory = memory };
    }
}

/// <summary>Old limits and changes of them.</summary>
internal static class ResourcesMerge
{
    public static long? Or(long? changed, long? old) => changed is null or 0 ? old : changed;

    public static ulong? Or(ulong? changed, ulong? old) => changed is null or 0 ? old : changed;

    public static MemoryLimits Memory(MemoryLimits old, MemoryLimits? changes) => changes is null ? old : old with
    {
        Limit = Or(changes.Limit, old.Limit),
        Reservation = Or(changes.Reservation, old.Reservation),
        Swap = changes is { Limit: -1, Swap: null or 0 } ? -1 : Or(changes.Swap, old.Swap),
        KernelTcp = Or(changes.KernelTcp, old.KernelTcp),
        Swappiness = changes.Swappiness ?? old.Swappiness,
        DisableOomKiller = changes.DisableOomKiller ?? old.DisableOomKiller,
    };

    public static CpuLimits Cpu(CpuLimits old, CpuLimits? changes) => changes is null ? old : old with
    {
        Shares = Or(changes.Shares, old.Shares),
        Quota = Or(changes.Quota, old.Quota),
        Burst = changes.Burst ?? old.Burst,
        Period = Or(changes.Period, old.Period),
        RealtimeRuntime = Or(changes.RealtimeRuntime, old.RealtimeRuntime),
        RealtimePeriod = Or(changes.RealtimePeriod, old.RealtimePeriod),
        Cpus = string.IsNullOrEmpty(changes.Cpus) ? old.Cpus : changes.Cpus,
        Mems = string.IsNullOrEmpty(changes.Mems) ? old.Mems : changes.Mems,
        Idle = changes.Idle ?? old.Idle,
    };

    public static BlockIoLimits BlockIo(BlockIoLimits old, BlockIoLimits? changes) => changes is null ? old : old with
    {
        Weight = changes.Weight is null or 0 ? old.Weight : changes.Weight,
        LeafWeight = changes.LeafWeight is null or 0 ? old.LeafWeight : changes.LeafWeight,
        WeightDevice = ByKey(old.WeightDevice, changes.WeightDevice, static (one, other) => one.Major == other.Major && one.Minor == other.Minor),
        ThrottleReadBpsDevice = Rates(old.ThrottleReadBpsDevice, changes.ThrottleReadBpsDevice),
        ThrottleWriteBpsDevice = Rates(old.ThrottleWriteBpsDevice, changes.ThrottleWriteBpsDevice),
        ThrottleReadIopsDevice = Rates(old.ThrottleReadIopsDevice, changes.ThrottleReadIopsDevice),
        ThrottleWriteIopsDevice = Rates(old.ThrottleWriteIopsDevice, changes.ThrottleWriteIopsDevice),
    };

    public static NetworkLimits Network(NetworkLimits old, NetworkLimits? changes) => changes is null ? old : old with
    {
        ClassId = changes.ClassId is null or 0 ? old.ClassId : changes.ClassId,
        Priorities = ByKey(old.Priorities, changes.Priorities, static (one, other) => one.Name == other.Name),
    };

    /// <summary>The old ones that no change is about, and the changes.</summary>
    public static ImmutableArray<T> ByKey<T>(ImmutableArray<T> old, ImmutableArray<T> changes, Func<T, T, bool> areSame)
        where T : class
        => [.. old.Where(one => !changes.Any(change => areSame(one, change))), .. changes];

    private static ImmutableArray<ThrottleDevice> Rates(ImmutableArray<ThrottleDevice> old, ImmutableArray<ThrottleDevice> changes)
        => ByKey(old, changes, static (one, other) => one.Major == other.Major && one.Minor == other.Minor);
}
