using System.Globalization;
using System.Text;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>Compiles <c>linux.resources</c> into writes to version 2's files. Documentation/admin-guide/cgroup-v2.rst of the kernel.</summary>
/// <remarks>Devices have no file in version 2: see <see cref="DeviceProgram"/>.</remarks>
internal static class LimitsV2
{
    private const string Max = "max";
    private const ulong PeriodDefault = 100_000;

    public static List<CgroupWrite> Compile(LinuxResources resources)
    {
        List<CgroupWrite> plan = [];
        AddMemory(plan, resources.Memory);
        AddCpu(plan, resources.Cpu);
        AddPids(plan, resources.Pids);
        AddIo(plan, resources.BlockIo);
        AddHugePages(plan, resources);
        RdmaLimit.AddTo(plan, resources.Rdma);
        RefuseNetwork(resources.Network);
        AddUnified(plan, resources.Unified);
        return plan;
    }

    /// <summary>
    /// The weight for version 1's shares: the curve through (2, 1), (1024, 100) and (262144, 10000), so that the default stays the default.
    /// It is the one that runc and crun have used since 2025; before it a line gave 1024 shares the weight 39.
    /// </summary>
    internal static ulong WeightOf(ulong shares)
    {
        const ulong SharesMin = 2;
        const ulong SharesMax = 262_144;
        const ulong WeightMax = 10_000;
        if (shares is 0 or <= SharesMin or >= SharesMax)
        {
            return shares >= SharesMax ? WeightMax : Math.Min(shares, 1);
        }

        double log = Math.Log2(shares);
        double exponent = (((log * log) + (125 * log)) / 612.0) - (7.0 / 34.0);
        return (ulong)Math.Ceiling(Math.Pow(10, exponent));
    }

    private static void AddMemory(List<CgroupWrite> plan, MemoryLimits? memory)
    {
        if (memory is null)
        {
            return;
        }

        Validation.Memory(memory);
        if (memory.Swappiness is not null)
        {
            throw Validation.Wrong("memory.swappiness", "cgroup v2 has no such limit");
        }

        if (memory.DisableOomKiller == true)
        {
            throw Validation.Wrong("memory.disableOOMKiller", "cgroup v2 cannot switch the killer off");
        }

        if (memory.UseHierarchy == false)
        {
            throw Validation.Wrong("memory.useHierarchy", "in cgroup v2 a group always counts what the groups in it use");
        }

        if (memory.KernelTcp is not (null or 0 or -1))
        {
            throw Validation.Wrong("memory.kernelTCP", "cgroup v2 counts it as memory, and has no limit of its own for it");
        }

        Add("memory.limit", "memory.max", memory.Limit);
        AddSwap(plan, memory);
        Add("memory.reservation", "memory.low", memory.Reservation);

        void Add(string limit, string file, long? value)
        {
            if (value is not (null or 0))
            {
                plan.Add(new(limit, "memory", file, value == -1 ? Max : Text(value.Value)));
            }
        }
    }

    // The specification's number is memory and swap together, version 2's is swap alone.
    private static void AddSwap(List<CgroupWrite> plan, MemoryLimits memory)
    {
        string? swap = memory switch
        {
            { Limit: -1, Swap: null or 0 } => Max,
            { Swap: null or 0 } => null,
            { Swap: -1 } => Max,
            { Limit: -1 } => Text(memory.Swap.Value),
            _ => Text(memory.Swap.Value - memory.Limit!.Value),
        };
        if (swap is not null)
        {
            plan.Add(new("memory.swap", "memory", "memory.swap.max", swap) { WhenMissing = swap == Max ? WhenMissing.Skip : WhenMissing.Refuse });
        }
    }

    private static void AddCpu(List<CgroupWrite> plan, CpuLimits? cpu)
    {
        if (cpu is null)
        {
            return;
        }

        Validation.Cpu(cpu);
        if (cpu is { RealtimeRuntime: not (null or 0) } or { RealtimePeriod: not (null or 0) })
        {
            throw Validation.Wrong("cpu.realtimeRuntime", "cgroup v2 has no limit for real-time processes");
        }

        if (cpu.Shares is not (null or 0))
        {
            plan.Add(new("cpu.shares", "cpu", "cpu.weight", Text(WeightOf(cpu.Shares.Value))));
        }

        if (cpu.Idle is { } idle)
        {
            plan.Add(new("cpu.idle", "cpu", "cpu.idle", Text(idle)) { WhenMissing = idle == 0 ? WhenMissing.Skip : WhenMissing.Refuse });
        }

        if (cpu is { Quota: not (null or 0) } or { Period: not (null or 0) })
        {
            string quota = cpu.Quota is > 0 ? Text(cpu.Quota.Value) : Max;
            string period = Text(cpu.Period is > 0 ? cpu.Period.Value : PeriodDefault);
            plan.Add(new("cpu.quota", "cpu", "cpu.max", $"{quota} {period}"));
        }

        if (cpu.Burst is { } burst)
        {
            plan.Add(new("cpu.burst", "cpu", "cpu.max.burst", Text(burst)) { WhenMissing = burst == 0 ? WhenMissing.Skip : WhenMissing.Refuse });
        }

        AddList("cpu.cpus", "cpuset.cpus", cpu.Cpus);
        AddList("cpu.mems", "cpuset.mems", cpu.Mems);

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
            plan.Add(new("pids.limit", "pids", "pids.max", limit) { WhenMissing = limit == Max ? WhenMissing.Skip : WhenMissing.Refuse });
        }
    }

    private static void AddIo(List<CgroupWrite> plan, BlockIoLimits? io)
    {
        if (io is null)
        {
            return;
        }

        Validation.Weight("blockIO.weight", io.Weight);
        if (io.LeafWeight is not (null or 0))
        {
            throw Validation.Wrong("blockIO.leafWeight", "cgroup v2 has no such limit");
        }

        List<string> weights = [];
        List<string> bfqWeights = [];
        if (io.Weight is { } weight and not 0)
        {
            weights.Add($"default {IoWeight(weight)}");
            bfqWeights.Add(Text(weight));
        }

        for (int index = 0; index < io.WeightDevice.Length; index++)
        {
            WeightDevice device = io.WeightDevice[index];
            Validation.Weight($"blockIO.weightDevice[{index}].weight", device.Weight);
            if (device.LeafWeight is not (null or 0))
            {
                throw Validation.Wrong($"blockIO.weightDevice[{index}].leafWeight", "cgroup v2 has no such limit");
            }

            if (device.Weight is { } deviceWeight and not 0)
            {
                weights.Add($"{device.Major}:{device.Minor} {IoWeight(deviceWeight)}");
                bfqWeights.Add($"{device.Major}:{device.Minor} {deviceWeight}");
            }
        }

        if (weights.Count > 0)
        {
            // bfq has a file of its own, with the specification's scale; io.weight belongs to the cost model, and where both are the disk's
            // scheduler is bfq.
            plan.Add(new("blockIO.weight", "io", "io.bfq.weight", bfqWeights) { Otherwise = new("blockIO.weight", "io", "io.weight", weights) });
        }

        AddRates(plan, io);
    }

    // io.weight goes from 1 to 10000, the specification's from 10 to 1000.
    private static ulong IoWeight(ulong weight) => 1 + ((weight - 10) * 9999 / 990);

    // One line a device with all its rates: a second line for it would be a second write, not a correction.
    private static void AddRates(List<CgroupWrite> plan, BlockIoLimits io)
    {
        List<(long Major, long Minor, StringBuilder Text)> lines = [];
        Add("rbps", io.ThrottleReadBpsDevice);
        Add("wbps", io.ThrottleWriteBpsDevice);
        Add("riops", io.ThrottleReadIopsDevice);
        Add("wiops", io.ThrottleWriteIopsDevice);
        if (lines.Count > 0)
        {
            plan.Add(new("blockIO.throttle", "io", "io.max", [.. lines.Select(line => line.Text.ToString())]));
        }

        void Add(string key, IReadOnlyList<ThrottleDevice> devices)
        {
            foreach (ThrottleDevice device in devices)
            {
                int index = lines.FindIndex(line => line.Major == device.Major && line.Minor == device.Minor);
                if (index < 0)
                {
                    index = lines.Count;
                    lines.Add((device.Major, device.Minor, new StringBuilder($"{device.Major}:{device.Minor}")));
                }

                // The kernel has no rate of 0; it is how version 1 is told "no limit".
                lines[index].Text.Append(CultureInfo.InvariantCulture, $" {key}={(device.Rate == 0 ? Max : Text(device.Rate))}");
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
            plan.Add(new(name, "hugetlb", $"hugetlb.{limit.PageSize}.max", Text(limit.Limit)));

            // Reservations count separately since Linux 5.7.
            plan.Add(new(name, "hugetlb", $"hugetlb.{limit.PageSize}.rsvd.max", Text(limit.Limit)) { WhenMissing = WhenMissing.Skip });
        }
    }

    private static void RefuseNetwork(NetworkLimits? network)
    {
        if (network?.ClassId is not (null or 0))
        {
            throw Validation.Wrong("network.classID", "cgroup v2 has no such limit");
        }

        if (network is { Priorities.Length: > 0 })
        {
            throw Validation.Wrong("network.priorities", "cgroup v2 has no such limit");
        }
    }

    // The last of all: whoever names the kernel's own files knows best.
    private static void AddUnified(List<CgroupWrite> plan, IReadOnlyDictionary<string, string> unified)
    {
        foreach ((string file, string value) in unified)
        {
            // A name with a slash would be a file of another group.
            int dot = file.IndexOf('.', StringComparison.Ordinal);
            if (dot <= 0 || file.Contains('/', StringComparison.Ordinal) || file.Contains('\0', StringComparison.Ordinal))
            {
                throw Validation.Wrong("unified", $"\"{file}\" is not the name of a control group file");
            }

            string[] lines = value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            plan.Add(new($"unified[\"{file}\"]", file[..dot], file, lines.Length == 0 ? [""] : lines));
        }
    }

    private static string Text<T>(T value)
        where T : IFormattable
        => value.ToString(null, CultureInfo.InvariantCulture);
}
