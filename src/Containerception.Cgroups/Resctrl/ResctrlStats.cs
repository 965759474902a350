using System.Collections.Immutable;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>What a class of service has, and what its monitoring group counts. Null is what the processor does not have.</summary>
public sealed class ResctrlStats
{
    public CacheInfo? Cache { get; init; }

    public BandwidthInfo? Bandwidth { get; init; }

    /// <summary>The root class's line about the cache.</summary>
    public string? CacheSchemaRoot { get; init; }

    public string? CacheSchema { get; init; }

    public string? BandwidthSchemaRoot { get; init; }

    public string? BandwidthSchema { get; init; }

    /// <summary>By NUMA node; none without a monitoring group.</summary>
    public ImmutableArray<MonitoredNode> Nodes { get; init; } = [];

    /// <summary>Reads them.</summary>
    /// <param name="root">Where resctrl is mounted.</param>
    /// <param name="group">The container's.</param>
    public static ResctrlStats Read(string root, ResctrlGroup group)
    {
        string own = group.Read();
        string common = ResctrlGroup.Read(root + "/schemata") ?? "";
        return new()
        {
            Cache = ResctrlGroup.Read(root + "/info/L3/cbm_mask") is { } mask
                ? new(mask.Trim(), Number(root, "L3/min_cbm_bits"), Number(root, "L3/num_closids"))
                : null,
            Bandwidth = ResctrlGroup.Read(root + "/info/MB/min_bandwidth") is not null
                ? new(Number(root, "MB/bandwidth_gran"), Number(root, "MB/delay_linear"), Number(root, "MB/min_bandwidth"), Number(root, "MB/num_closids"))
                : null,
            CacheSchemaRoot = Schemata.Line(common, "L3"),
            CacheSchema = Schemata.Line(own, "L3"),
            BandwidthSchemaRoot = Schemata.Line(common, "MB"),
            BandwidthSchema = Schemata.Line(own, "MB"),
            Nodes = group.MonitorPath is { } monitor ? ReadNodes(monitor + "/mon_data") : [],
        };
    }

    private static ulong Number(string root, string file) => StatText.Number(ResctrlGroup.Read($"{root}/info/{file}")) ?? 0;

    // mon_data/mon_L3_00/llc_occupancy, mbm_total_bytes, mbm_local_bytes. "Unavailable" is what the kernel says of a node without memory.
    private static ImmutableArray<MonitoredNode> ReadNodes(string path)
    {
        using SafeFileHandle? directory = Files.TryOpenAt2(
            Descriptor.WorkingDirectory, path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_NO_SYMLINKS);
        ImmutableArray<MonitoredNode>.Builder nodes = ImmutableArray.CreateBuilder<MonitoredNode>();
        List<DirectoryEntry> entries = directory is null ? [] : Directories.Read(directory);
        foreach (DirectoryEntry entry in entries.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.Name.StartsWith("mon_L3_", StringComparison.Ordinal))
            {
                nodes.Add(new(Count(entry.Name, "llc_occupancy"), Count(entry.Name, "mbm_total_bytes"), Count(entry.Name, "mbm_local_bytes")));
            }
        }

        return nodes.DrainToImmutable();

        ulong? Count(string node, string file)
            => ResctrlGroup.Read($"{path}/{node}/{file}") is { Length: > 0 } text && char.IsAsciiDigit(text[0]) ? StatText.Number(text) : null;
    }
}

/// <summary>The third-level cache's ways.</summary>
public sealed record CacheInfo(string Mask, ulong BitsMin, ulong ClassesMax);

/// <summary>The memory bandwidth's steps.</summary>
public sealed record BandwidthInfo(ulong Granularity, ulong DelayLinear, ulong Min, ulong ClassesMax);

/// <summary>Cache in use, and bytes moved, on one NUMA node.</summary>
public sealed record MonitoredNode(ulong? CacheOccupancy, ulong? TotalBytes, ulong? LocalBytes);
