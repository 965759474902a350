using System.Globalization;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>Compiles <c>linux.resources</c> into writes to version 1's files. Documentation/admin-guide/cgroup-v1 of the kernel.</summary>
internal static class LimitsV1
{
    private const string Unlimited = "-1";

    public static List<CgroupWrite> Compile(LinuxResources resources)
    {
        List<CgroupWrite> plan = [];
        if (!resources.Unified.IsEmpty)
        {
            throw Validation.Wrong("unified", "has files of cgroup v2, and this machine uses cgroup v1");
        }

        AddMemory(plan, resources.Memory);
        AddCpu(plan, resources.Cpu);
        AddPids(plan, resources.Pids);
        AddBlockIo(plan, resources.BlockIo);
        AddHugePages(plan, resources);
        RdmaLimit.AddTo(plan, resources.Rdma);
        AddNetwork(plan, resources.Network);
        DeviceList.AddTo(plan, resources.Devices);
        return plan;
    }

    private static void AddMemory(List<CgroupWrite> plan, MemoryLimits? memory)
    {
        if (memory is null)
        {
            return;
        }

        Validation.Memory(memory);

        // The kernel knows no other way since Linux 5.11: asked for another, it is the one that refuses.
        if (memory.UseHierarchy is { } hierarchical)
        {
            plan.Add(new("memory.useHierarchy", "memory", "memory.use_hierarchy", hierarchical ? "1" : "0") { WhenMissing = hierarchical ? WhenMissing.Skip : WhenMissing.Refuse });
        }

        // memory.kernel is deprecated by the specification and gone from the kernel (5.16): like runc, nothing is done for it.
        // The order matters: memory and swap together can never be less than memory.
        Add("memory.limit", "memory.limit_in_bytes", memory.Limit);
        if (memory is { Limit: -1, Swap: null or 0 })
        {
            plan.Add(new("memory.swap", "memory", "memory.memsw.limit_in_bytes", Unlimited) { WhenMissing = WhenMissing.Skip });
        }
        else
        {
            Add("memory.swap", "memory.memsw.limit_in_bytes", memory.Swap);
        }

        Add("memory.reservation", "memory.soft_limit_in_bytes", memory.Reservation);
        Add("memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", memory.KernelTcp);
        if (memory.Swappiness is { } swappiness)
        {
            plan.Add(new("memory.swappiness", "memory", "memory.swappiness", Text(swappiness)));
        }

        if (memory.DisableOomKiller is { } disable)
        {
            plan.Add(new("memory.disableOOMKiller", "memory", "memory.oom_control", disable ? "1" : "0") { WhenMissing = disable ? WhenMissing.Refuse : WhenMissing.Skip });
        }

        void Add(string limit, string file, long? value)
        {
            if (value is not (null or 0))
            {
                // What is no limit is so by itself in a new group: a kernel without swap accounting need not have the file.
                plan.Add(new(limit, "memory", file, Text(value.Value)) { WhenMissing = value == -1 ? WhenMissing.Skip : WhenMissing.Refuse });
            }
        }
    }

    private static void AddCpu(List<CgroupWrite> plan, CpuLimits? cpu)
    {
        if (cpu is null)
        {
            return;
        }

        Validation.Cpu(cpu);
        Add("cpu.shares", "cpu.shares", cpu.Shares);
        Add("cpu.period", "cpu.cfs_period_us", cpu.Period);
        if (cpu.Quota is not (null or 0))
        {
            plan.Add(new("cpu.quota", "cpu", "cpu.cfs_quota_us", Text(Math.Max(-1, cpu.Quota.Value))));
        }

        AddAlso0("cpu.burst", "cpu.cfs_burst_us", cpu.Burst);
        Add("cpu.realtimePeriod", "cpu.rt_period_us", cpu.RealtimePeriod);
        if (cpu.RealtimeRuntime is not (null or 0))
        {
            plan.Add(new("cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us", Text(cpu.RealtimeRuntime.Value)));
        }

        // The last: the kernel refuses shares for an idle group.
        AddAlso0("cpu.idle", "cpu.idle", (ulong?)cpu.Idle);
        AddList("cpu.cpus", "cpuset.cpus", cpu.Cpus);
        AddList("cpu.mems", "cpuset.mems", cpu.Mems);

        void Add(string limit, string file, ulong? value)
        {
            if (value is not (null or 0))
            {
                plan.Add(new(limit, "cpu", file, Text(value.Value)));
            }
        }

        // What a kernel without the file does anyway.
        void AddAlso0(string limit, string file, ulong? value)
        {
            if (value is { } given)
            {
                plan.Add(new(limit, "cpu", file, Text(given)) { WhenMissing = given == 0 ? WhenMissing.Skip : WhenMissing.Refuse });
            }
        }

        void AddList(string limit, string file, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                plan.Add(new(limit, "cpuset", file, value.Trim()));
            }
        }
    }

    private static void AddPids(List<CgroupWrite> plan, PidsLimits? pids)
    {
        if (PidsLimit.Text(pids) is { } limit)
        {
            plan.Add(new("pids.limit", "pids", "pids.max", limit) { WhenMissing = limit == "max" ? WhenMissing.Skip : WhenMissing.Refuse });
        }
    }

    private static void AddBlockIo(List<CgroupWrite> plan, BlockIoLimits? io)
    {
        if (io is null)
        {
            return;
        }

        Validation.Weight("blockIO.weight", io.Weight);
        Validation.Weight("blockIO.leafWeight", io.LeafWeight);
        AddWeight("blockIO.weight", "weight", io.Weight);
        AddWeight("blockIO.leafWeight", "leaf_weight", io.LeafWeight);
        AddDeviceWeights("weight", static device => device.Weight);
        AddDeviceWeights("leaf_weight", static device => device.LeafWeight);
        AddRates("blockIO.throttleReadBpsDevice", "read_bps", io.ThrottleReadBpsDevice);
        AddRates("blockIO.throttleWriteBpsDevice", "write_bps", io.ThrottleWriteBpsDevice);
        AddRates("blockIO.throttleReadIOPSDevice", "read_iops", io.ThrottleReadIopsDevice);
        AddRates("blockIO.throttleWriteIOPSDevice", "write_iops", io.ThrottleWriteIopsDevice);

        void AddWeight(string limit, string file, ushort? weight)
        {
            if (weight is not (null or 0))
            {
                AddEither(limit, file, [Text(weight.Value)]);
            }
        }

        void AddDeviceWeights(string file, Func<WeightDevice, ushort?> weightOf)
        {
            List<string> lines = [];
            for (int index = 0; index < io.WeightDevice.Length; index++)
            {
                WeightDevice device = io.WeightDevice[index];
                if (weightOf(device) is { } weight and not 0)
                {
                    Validation.Weight($"blockIO.weightDevice[{index}].weight", weight);
                    lines.Add($"{device.Major}:{device.Minor} {weight}");
                }
            }

            if (lines.Count > 0)
            {
                AddEither("blockIO.weightDevice", file + "_device", lines);
            }
        }

        // The name that the CFQ scheduler had until Linux 5.0; bfq's since.
        void AddEither(string limit, string file, IReadOnlyList<string> values)
            => plan.Add(new(limit, "blkio", "blkio." + file, values) { Otherwise = new(limit, "blkio", "blkio.bfq." + file, values) });

        void AddRates(string limit, string file, IReadOnlyList<ThrottleDevice> devices)
        {
            if (devices.Count > 0)
            {
                plan.Add(new(limit, "blkio", $"blkio.throttle.{file}_device", [.. devices.Select(d => $"{d.Major}:{d.Minor} {d.Rate}")]));
            }
        }
    }

    private static void AddHugePages(List<CgroupWrite> plan, LinuxResources resources)
    {
        for (int index = 0; index < resources.HugepageLimits.Length; index++)
        {
            HugepageLimit limit = resources.HugepageLimits[index];
            Validation.PageSize(index, limit.PageSize);
            string name = $"hugepageLimits[{index}]";
            plan.Add(new(name, "hugetlb", $"hugetlb.{limit.PageSize}.limit_in_bytes", Text(limit.Limit)));

            // Reservations count separately since Linux 5.7.
            plan.Add(new(name, "hugetlb", $"hugetlb.{limit.PageSize}.rsvd.limit_in_bytes", Text(limit.Limit)) { WhenMissing = WhenMissing.Skip });
        }
    }

    private static void AddNetwork(List<CgroupWrite> plan, NetworkLimits? network)
    {
        if (network?.ClassId is { } classId and not 0)
        {
            plan.Add(new("network.classID", "net_cls", "net_cls.classid", Text(classId)));
        }

        if (network?.Priorities is { Length: > 0 } priorities)
        {
            plan.Add(new("network.priorities", "net_prio", "net_prio.ifpriomap", [.. priorities.Select(p => $"{p.Name} {p.Priority}")]));
        }
    }

    private static string Text<T>(T value)
        where T : IFormattable
        => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>The pids limit in the kernel's words, which are the same in both versions.</summary>
internal static class PidsLimit
{
    /// <summary>Below zero is no limit; 0 is 1, the process that enters: the kernel takes 0 and then nothing can start. null when none is asked for.</summary>
    public static string? Text(PidsLimits? pids) => pids?.Limit switch
    {
        null => null,
        < 0 => "max",
        0 => "1",
        long limit => limit.ToString(CultureInfo.InvariantCulture),
    };
}
