using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Cgroups;
using Containerception.Oci;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>What <c>events</c> prints: a line of JSON each, with the names that readers of runc's events know. Zeros are left out where runc leaves them out.</summary>
internal static class EventJson
{
    public static byte[] Oom(string id) => Line("oom", id, static (_, _) => { }, stats: null);

    public static byte[] Stats(string id, ContainerStats stats) => Line("stats", id, WriteData, stats);

    private static byte[] Line(string type, string id, Action<Utf8JsonWriter, ContainerStats> write, ContainerStats? stats)
    {
        ArrayBufferWriter<byte> bytes = new(4096);
        using (Utf8JsonWriter json = new(bytes, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("id", id);
            if (stats is not null)
            {
                json.WriteStartObject("data");
                write(json, stats);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteData(Utf8JsonWriter json, ContainerStats stats)
    {
        CgroupStats cgroup = stats.Cgroup;
        WriteCpu(json, cgroup.Cpu);
        WriteCpuset(json, cgroup.Cpuset);
        WriteMemory(json, cgroup.Memory);
        json.WriteStartObject("pids");
        Some(json, "current", cgroup.Pids.Current);
        Some(json, "limit", cgroup.Pids.Limit);
        json.WriteEndObject();
        WriteIo(json, cgroup.Io);
        WriteHugepages(json, cgroup.Hugepages);
        RarerEventJson.WriteRdt(json, stats.Rdt);
        RarerEventJson.WriteInterfaces(json, stats.Interfaces);
        RarerEventJson.WriteRdma(json, cgroup.Rdma);
        RarerEventJson.WriteMisc(json, cgroup.Misc);
    }

    private static void WriteCpu(Utf8JsonWriter json, CpuStats cpu)
    {
        json.WriteStartObject("cpu");
        json.WriteStartObject("usage");
        Some(json, "total", cpu.Total);
        Some(json, "percpu", cpu.PerCpu);
        Some(json, "percpu_kernel", cpu.PerCpuKernel);
        Some(json, "percpu_user", cpu.PerCpuUser);
        json.WriteNumber("kernel", cpu.Kernel);
        json.WriteNumber("user", cpu.User);
        json.WriteEndObject();
        json.WriteStartObject("throttling");
        Some(json, "periods", cpu.Periods);
        Some(json, "throttledPeriods", cpu.ThrottledPeriods);
        Some(json, "throttledTime", cpu.ThrottledTime);
        json.WriteEndObject();
        WritePressure(json, cpu.Pressure);
        json.WriteEndObject();
    }

    private static void WriteCpuset(Utf8JsonWriter json, CpusetStats cpuset)
    {
        json.WriteStartObject("cpuset");
        Some(json, "cpus", [.. cpuset.Cpus]);
        json.WriteNumber("cpu_exclusive", cpuset.CpuExclusive);
        Some(json, "mems", [.. cpuset.Mems]);
        json.WriteNumber("mem_hardwall", cpuset.MemHardwall);
        json.WriteNumber("mem_exclusive", cpuset.MemExclusive);
        json.WriteNumber("memory_migrate", cpuset.MemoryMigrate);
        json.WriteNumber("memory_spread_page", cpuset.MemorySpreadPage);
        json.WriteNumber("memory_spread_slab", cpuset.MemorySpreadSlab);
        json.WriteNumber("memory_pressure", cpuset.MemoryPressure);
        json.WriteNumber("sched_load_balance", cpuset.SchedLoadBalance);
        json.WriteNumber("sched_relax_domain_level", cpuset.SchedRelaxDomainLevel);
        json.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter json, MemoryStats memory)
    {
        json.WriteStartObject("memory");
        Some(json, "cache", memory.Cache);
        WriteUse(json, "usage", memory.Usage);
        WriteUse(json, "swap", memory.Swap);
        WriteUse(json, "kernel", memory.Kernel);
        WriteUse(json, "kernelTCP", memory.KernelTcp);
        if (memory.Raw.Count > 0)
        {
            json.WriteStartObject("raw");
            foreach ((string name, ulong value) in memory.Raw)
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
        }

        WritePressure(json, memory.Pressure);
        json.WriteEndObject();
    }

    private static void WriteUse(Utf8JsonWriter json, string name, MemoryUse use)
    {
        json.WriteStartObject(name);
        json.WriteNumber("limit", use.Limit);
        Some(json, "usage", use.Usage);
        Some(json, "max", use.Max);
        json.WriteNumber("failcnt", use.Failures);
        json.WriteEndObject();
    }

    private static void WriteIo(Utf8JsonWriter json, IoStats io)
    {
        json.WriteStartObject("blkio");
        WriteCounts(json, "ioServiceBytesRecursive", io.ServiceBytes);
        WriteCounts(json, "ioServicedRecursive", io.Serviced);
        WriteCounts(json, "ioQueueRecursive", io.Queued);
        WriteCounts(json, "ioServiceTimeRecursive", io.ServiceTime);
        WriteCounts(json, "ioWaitTimeRecursive", io.WaitTime);
        WriteCounts(json, "ioMergedRecursive", io.Merged);
        WriteCounts(json, "ioTimeRecursive", io.Time);
        WriteCounts(json, "sectorsRecursive", io.Sectors);
        WritePressure(json, io.Pressure);
        json.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, ImmutableArray<IoCount> counts)
    {
        if (counts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (IoCount count in counts)
        {
            json.WriteStartObject();
            Some(json, "major", count.Major);
            Some(json, "minor", count.Minor);
            if (count.Operation.Length > 0)
            {
                json.WriteString("op", count.Operation);
            }

            Some(json, "value", count.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHugepages(Utf8JsonWriter json, ImmutableSortedDictionary<string, HugepageStats> sizes)
    {
        json.WriteStartObject("hugetlb");
        foreach ((string size, HugepageStats pages) in sizes)
        {
            json.WriteStartObject(size);
            Some(json, "usage", pages.Usage);
            Some(json, "max", pages.Max);
            json.WriteNumber("failcnt", pages.Failures);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WritePressure(Utf8JsonWriter json, Pressure? pressure)
    {
        if (pressure is not null)
        {
            json.WriteStartObject("psi");
            WritePressureLine(json, "some", pressure.Some);
            WritePressureLine(json, "full", pressure.Full);
            json.WriteEndObject();
        }
    }

    private static void WritePressureLine(Utf8JsonWriter json, string name, PressureLine line)
    {
        json.WriteStartObject(name);
        json.WriteNumber("avg10", line.Average10);
        json.WriteNumber("avg60", line.Average60);
        json.WriteNumber("avg300", line.Average300);
        json.WriteNumber("total", line.Total);
        json.WriteEndObject();
    }

    /// <summary>Left out when it is 0.</summary>
    internal static void Some(Utf8JsonWriter json, string name, ulong value)
    {
        if (value != 0)
        {
            json.WriteNumber(name, value);
        }
    }

    private static void Some(Utf8JsonWriter json, string name, ImmutableArray<ulong> values)
    {
        if (!values.IsEmpty)
        {
            json.WriteStartArray(name);
            foreach (ulong value in values)
            {
                json.WriteNumberValue(value);
            }

            json.WriteEndArray();
        }
    }
}
