using System.Collections.Immutable;
using System.Globalization;

namespace Containerception.Cgroups;

/// <summary>Reads what version 1 counts. Documentation/admin-guide/cgroup-v1 of the kernel.</summary>
/// <param name="find">The group in the tree of a controller.</param>
internal sealed class StatsV1(Func<string, CgroupNode?> find)
{
    // USER_HZ is 100 on every architecture that .NET runs on.
    private const ulong NanosecondsPerTick = 10_000_000;

    public CgroupStats Read() => new()
    {
        Cpu = ReadCpu(),
        Cpuset = ReadCpuset(),
        Memory = ReadMemory(),
        Pids = PidsCounts.Read(find("pids")),
        Io = ReadIo(),
        Hugepages = HugepageCounts.Read(find("hugetlb"), "usage_in_bytes", static (node, file) => new(
            StatText.Number(node.TryRead(file + ".usage_in_bytes")) ?? 0,
            StatText.Number(node.TryRead(file + ".max_usage_in_bytes")) ?? 0,
            StatText.Number(node.TryRead(file + ".failcnt")) ?? 0)),
        Rdma = RdmaCounts.Read(find("rdma")),
        Misc = MiscCounts.Read(find("misc")),
    };

    private CpuStats ReadCpu()
    {
        CgroupNode? account = find("cpuacct");
        string? times = account?.TryRead("cpuacct.stat");
        string? throttling = find("cpu")?.TryRead("cpu.stat");
        (ImmutableArray<ulong> user, ImmutableArray<ulong> kernel) = PerCpu(account?.TryRead("cpuacct.usage_all"));
        return new()
        {
            Total = StatText.Number(account?.TryRead("cpuacct.usage")) ?? 0,
            Kernel = (StatText.Key(times, "system") ?? 0) * NanosecondsPerTick,
            User = (StatText.Key(times, "user") ?? 0) * NanosecondsPerTick,
            PerCpu = StatText.Numbers(account?.TryRead("cpuacct.usage_percpu")),
            PerCpuKernel = kernel,
            PerCpuUser = user,
            Periods = StatText.Key(throttling, "nr_periods") ?? 0,
            ThrottledPeriods = StatText.Key(throttling, "nr_throttled") ?? 0,
            ThrottledTime = StatText.Key(throttling, "throttled_time") ?? 0,
            Pressure = Pressure("cpu"),
        };
    }

    // "cpu user system", then a line a processor.
    private static (ImmutableArray<ulong> User, ImmutableArray<ulong> Kernel) PerCpu(string? table)
    {
        ImmutableArray<ulong>.Builder user = ImmutableArray.CreateBuilder<ulong>();
        ImmutableArray<ulong>.Builder kernel = ImmutableArray.CreateBuilder<ulong>();
        foreach (string line in (table ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            ImmutableArray<ulong> numbers = StatText.Numbers(line);
            user.Add(numbers[1]);
            kernel.Add(numbers[2]);
        }

        return (user.DrainToImmutable(), kernel.DrainToImmutable());
    }

    private CpusetStats ReadCpuset()
    {
        CgroupNode? node = find("cpuset");
        return new()
        {
            Cpus = StatText.List(node?.TryRead("cpuset.cpus")),
            Mems = StatText.List(node?.TryRead("cpuset.mems")),
            CpuExclusive = Number("cpu_exclusive"),
            MemHardwall = Number("mem_hardwall"),
            MemExclusive = Number("mem_exclusive"),
            MemoryMigrate = Number("memory_migrate"),
            MemorySpreadPage = Number("memory_spread_page"),
            MemorySpreadSlab = Number("memory_spread_slab"),
            MemoryPressure = Number("memory_pressure"),
            SchedLoadBalance = Number("sched_load_balance"),
            SchedRelaxDomainLevel = long.TryParse(node?.TryRead("cpuset.sched_relax_domain_level"), CultureInfo.InvariantCulture, out long level) ? level : 0,
        };

        ulong Number(string name) => StatText.Number(node?.TryRead("cpuset." + name)) ?? 0;
    }

    private MemoryStats ReadMemory()
    {
        CgroupNode? node = find("memory");
        string? stat = node?.TryRead("memory.stat");
        return new()
        {
            Cache = StatText.Key(stat, "cache") ?? 0,
            Usage = Use("memory"),
            Swap = Use("memory.memsw"),
            Kernel = Use("memory.kmem"),
            KernelTcp = Use("memory.kmem.tcp"),
            Raw = StatText.Keys(stat),
            Pressure = Pressure("memory"),
        };

        MemoryUse Use(string kind) => new(
            Number(kind + ".limit_in_bytes"), Number(kind + ".usage_in_bytes"), Number(kind + ".max_usage_in_bytes"), Number(kind + ".failcnt"));

        ulong Number(string file) => StatText.Number(node?.TryRead(file)) ?? 0;
    }

    private IoStats ReadIo()
    {
        CgroupNode? node = find("blkio");
        return new()
        {
            ServiceBytes = Counts(node, "io_service_bytes_recursive", throttled: true),
            Serviced = Counts(node, "io_serviced_recursive", throttled: true),
            Queued = Counts(node, "io_queued_recursive"),
            ServiceTime = Counts(node, "io_service_time_recursive"),
            WaitTime = Counts(node, "io_wait_time_recursive"),
            Merged = Counts(node, "io_merged_recursive"),
            Time = Counts(node, "time_recursive"),
            Sectors = Counts(node, "sectors_recursive"),
            Pressure = Pressure("io"),
        };
    }

    // Who counts depends on the disks' scheduler: bfq, and the throttling layer above all of them. CFQ is gone since Linux 5.0.
    private static ImmutableArray<IoCount> Counts(CgroupNode? node, string file, bool throttled = false)
    {
        ImmutableArray<IoCount> counts = Lines(node?.TryRead("blkio.bfq." + file));
        return counts.IsEmpty && throttled ? Lines(node?.TryRead("blkio.throttle." + file)) : counts;
    }

    // "8:0 Read 4096", "8:0 4096", and at the end "Total 4096" of all devices.
    private static ImmutableArray<IoCount> Lines(string? text)
    {
        ImmutableArray<IoCount>.Builder counts = ImmutableArray.CreateBuilder<IoCount>();
        foreach (string line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split([' ', ':']);
            if (words is [string major, string minor, .., string value] && StatText.Number(value) is { } number && char.IsAsciiDigit(major[0]))
            {
                counts.Add(new(StatText.Number(major)!.Value, StatText.Number(minor)!.Value, words.Length == 4 ? words[2] : "", number));
            }
        }

        return counts.DrainToImmutable();
    }

    // Only a version 2 tree beside the others measures it.
    private Pressure? Pressure(string resource) => StatText.Pressure(find(CgroupHierarchy.UnifiedName)?.TryRead(resource + ".pressure"));
}
