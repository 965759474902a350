using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Cgroups;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>The parts of <c>events</c> that most containers do not have.</summary>
internal static class RarerEventJson
{
    public static void WriteRdt(Utf8JsonWriter json, ResctrlStats? rdt)
    {
        json.WriteStartObject("intel_rdt");
        if (rdt is not null)
        {
            WriteInfo(json, rdt);
            Some(json, "l3_cache_schema_root", rdt.CacheSchemaRoot);
            Some(json, "l3_cache_schema", rdt.CacheSchema);
            Some(json, "mem_bw_schema_root", rdt.BandwidthSchemaRoot);
            Some(json, "mem_bw_schema", rdt.BandwidthSchema);
            WriteMonitored(json, rdt.Nodes);
        }

        json.WriteEndObject();
    }

    /// <summary>null for none, as runc writes it.</summary>
    public static void WriteInterfaces(Utf8JsonWriter json, ImmutableArray<InterfaceStats>? interfaces)
    {
        if (interfaces is not { Length: > 0 })
        {
            json.WriteNull("network_interfaces");
            return;
        }

        json.WriteStartArray("network_interfaces");
        foreach (InterfaceStats one in interfaces)
        {
            json.WriteStartObject();
            json.WriteString("Name", one.Name);
            json.WriteNumber("RxBytes", one.RxBytes);
            json.WriteNumber("RxPackets", one.RxPackets);
            json.WriteNumber("RxErrors", one.RxErrors);
            json.WriteNumber("RxDropped", one.RxDropped);
            json.WriteNumber("TxBytes", one.TxBytes);
            json.WriteNumber("TxPackets", one.TxPackets);
            json.WriteNumber("TxErrors", one.TxErrors);
            json.WriteNumber("TxDropped", one.TxDropped);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteRdma(Utf8JsonWriter json, RdmaStats? rdma)
    {
        if (rdma is not null)
        {
            json.WriteStartObject("rdma");
            WriteRdmaCounts(json, "limit", rdma.Limit);
            WriteRdmaCounts(json, "current", rdma.Current);
            json.WriteEndObject();
        }
    }

    public static void WriteMisc(Utf8JsonWriter json, ImmutableSortedDictionary<string, MiscStats>? misc)
    {
        if (misc is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartObject("misc");
        foreach ((string resource, MiscStats stats) in misc)
        {
            json.WriteStartObject(resource);
            json.WriteNumber("usage", stats.Usage);
            json.WriteNumber("events", stats.Events);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteRdmaCounts(Utf8JsonWriter json, string name, ImmutableArray<RdmaCount> counts)
    {
        json.WriteStartArray(name);
        foreach (RdmaCount count in counts)
        {
            json.WriteStartObject();
            json.WriteString("device", count.Device);
            json.WriteNumber("hca_handles", count.HcaHandles);
            json.WriteNumber("hca_objects", count.HcaObjects);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteInfo(Utf8JsonWriter json, ResctrlStats rdt)
    {
        if (rdt.Cache is { } cache)
        {
            json.WriteStartObject("l3_cache_info");
            Some(json, "cbm_mask", cache.Mask);
            EventJson.Some(json, "min_cbm_bits", cache.BitsMin);
            EventJson.Some(json, "num_closids", cache.ClassesMax);
            json.WriteEndObject();
        }

        if (rdt.Bandwidth is { } bandwidth)
        {
            json.WriteStartObject("mem_bw_info");
            EventJson.Some(json, "bandwidth_gran", bandwidth.Granularity);
            EventJson.Some(json, "delay_linear", bandwidth.DelayLinear);
            EventJson.Some(json, "min_bandwidth", bandwidth.Min);
            EventJson.Some(json, "num_closids", bandwidth.ClassesMax);
            json.WriteEndObject();
        }
    }

    private static void WriteMonitored(Utf8JsonWriter json, ImmutableArray<MonitoredNode> nodes)
    {
        if (nodes.Any(node => node.TotalBytes is not null))
        {
            json.WriteStartArray("mbm_stats");
            foreach (MonitoredNode node in nodes)
            {
                json.WriteStartObject();
                json.WriteNumber("mbm_total_bytes", node.TotalBytes ?? 0);
                json.WriteNumber("mbm_local_bytes", node.LocalBytes ?? 0);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (nodes.Any(node => node.CacheOccupancy is not null))
        {
            json.WriteStartArray("cmt_stats");
            foreach (MonitoredNode node in nodes)
            {
                json.WriteStartObject();
                json.WriteNumber("llc_occupancy", node.CacheOccupancy ?? 0);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static void Some(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }
}
