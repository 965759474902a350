using System.Collections.Immutable;

namespace Containerception.Cgroups;

/// <summary>Reads what version 2 counts. Documentation/admin-guide/cgroup-v2.rst of the kernel.</summary>
internal sealed class StatsV2(CgroupNode node)
{
    private const ulong NanosecondsPerMicrosecond = 1000;

    public CgroupStats Read() => new()
    {
        Cpu = ReadCpu(),
        Cpuset = new()
        {
            Cpus = StatText.List(node.TryRead("cpuset.cpus.effective")),
            Mems = StatText.List(node.TryRead("cpuset.mems.effective")),
        },
        Memory = ReadMemory(),
        Pids = PidsCounts.Read(node),
        Io = ReadIo(),
        Hugepages = HugepageCounts.Read(node, "current", static (node, file) => new(
            StatText.Number(node.TryRead(file + ".current")) ?? 0, 0, StatText.Key(node.TryRead(file.Replace(".rsvd", "", StringComparison.Ordinal) + ".events"), "max") ?? 0)),
        Rdma = RdmaCounts.Read(node),
        Misc = MiscCounts.Read(node),
    };

    private CpuStats ReadCpu()
    {
        string? stat = node.TryRead("cpu.stat");
        return new()
        {
            Total = Time("usage_usec"),
            Kernel = Time("system_usec"),
            User = Time("user_usec"),
            Periods = StatText.Key(stat, "nr_periods") ?? 0,
            ThrottledPeriods = StatText.Key(stat, "nr_throttled") ?? 0,
            ThrottledTime = Time("throttled_usec"),
            Pressure = StatText.Pressure(node.TryRead("cpu.pressure")),
        };

        ulong Time(string key) => (StatText.Key(stat, key) ?? 0) * NanosecondsPerMicrosecond;
    }

    private MemoryStats ReadMemory()
    {
        string? stat = node.TryRead("memory.stat");
        MemoryUse memory = new(
            Number("memory.max"), Number("memory.current"), Number("memory.peak"), StatText.Key(node.TryRead("memory.events"), "max") ?? 0);
        return new()
        {
            Cache = StatText.Key(stat, "file") ?? 0,
            Usage = memory,
            Swap = WithSwap(memory),
            Raw = StatText.Keys(stat),
            Pressure = StatText.Pressure(node.TryRead("memory.pressure")),
        };
    }

    // Version 2 counts swap alone; who reads this expects the sum. Two peaks make none: they need not have been at the same time.
    private MemoryUse WithSwap(MemoryUse memory)
    {
        if (StatText.Number(node.TryRead("memory.swap.max")) is not { } limit)
        {
            return default;
        }

        bool unlimited = limit == ulong.MaxValue || memory.Limit == ulong.MaxValue;
        return new(
            unlimited ? ulong.MaxValue : limit + memory.Limit,
            Number("memory.swap.current") + memory.Usage,
            0,
            StatText.Key(node.TryRead("memory.swap.events"), "max") ?? 0);
    }

    // 8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6
    private IoStats ReadIo()
    {
        ImmutableArray<IoCount>.Builder bytes = ImmutableArray.CreateBuilder<IoCount>();
        ImmutableArray<IoCount>.Builder operations = ImmutableArray.CreateBuilder<IoCount>();
        foreach (string line in (node.TryRead("io.stat") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string[] device = words[0].Split(':');
            foreach (string word in words.Skip(1))
            {
                string[] pair = word.Split('=');
                (ImmutableArray<IoCount>.Builder? list, string operation) = pair[0] switch
                {
                    "rbytes" => (bytes, "Read"),
                    "wbytes" => (bytes, "Write"),
                    "dbytes" => (bytes, "Discard"),
                    "rios" => (operations, "Read"),
                    "wios" => (operations, "Write"),
                    "dios" => (operations, "Discard"),
                    _ => (null, ""),
                };
                list?.Add(new(StatText.Number(device[0])!.Value, StatText.Number(device[1])!.Value, operation, StatText.Number(pair[1]) ?? 0));
            }
        }

        return new()
        {
            ServiceBytes = bytes.DrainToImmutable(),
            Serviced = operations.DrainToImmutable(),
            Pressure = StatText.Pressure(node.TryRead("io.pressure")),
        };
    }

    private ulong Number(string file) => StatText.Number(node.TryRead(file)) ?? 0;
}
