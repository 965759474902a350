using System.Collections.Immutable;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>pids: the same files in both versions.</summary>
internal static class PidsCounts
{
    public static PidsStats Read(CgroupNode? node)
    {
        ulong limit = StatText.Number(node?.TryRead("pids.max")) ?? 0;
        return new(StatText.Number(node?.TryRead("pids.current")) ?? 0, limit == ulong.MaxValue ? 0 : limit);
    }
}

/// <summary>hugetlb: one set of files for each size of page.</summary>
internal static class HugepageCounts
{
    private const string SizesDirectory = "/sys/kernel/mm/hugepages";
    private const string SizePrefix = "hugepages-";

    /// <summary>Reservations where they are counted (Linux 5.7), for those are what is limited; else the pages in use.</summary>
    public static ImmutableSortedDictionary<string, HugepageStats> Read(CgroupNode? node, string usageFile, Func<CgroupNode, string, HugepageStats> read)
    {
        ImmutableSortedDictionary<string, HugepageStats>.Builder sizes = ImmutableSortedDictionary.CreateBuilder<string, HugepageStats>(StringComparer.Ordinal);
        foreach (string size in node is null ? [] : Sizes())
        {
            string file = $"hugetlb.{size}.rsvd";
            file = node!.TryRead($"{file}.{usageFile}") is null ? $"hugetlb.{size}" : file;
            if (node.TryRead($"{file}.{usageFile}") is not null)
            {
                sizes[size] = read(node, file);
            }
        }

        return sizes.ToImmutable();
    }

    // The directories are in kB, the control group's files in the largest unit: mm/hugetlb_cgroup.c, mem_fmt.
    private static IEnumerable<string> Sizes()
    {
        using SafeFileHandle? directory = Files.TryOpenAt2(
            Descriptor.WorkingDirectory, SizesDirectory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.None);
        foreach (DirectoryEntry entry in directory is null ? [] : Directories.Read(directory))
        {
            if (entry.Name.StartsWith(SizePrefix, StringComparison.Ordinal) && StatText.Number(entry.Name[SizePrefix.Length..].Replace("kB", "", StringComparison.Ordinal)) is { } kilobytes)
            {
                yield return kilobytes >= 1 << 20 ? $"{kilobytes >> 20}GB" : kilobytes >= 1 << 10 ? $"{kilobytes >> 10}MB" : $"{kilobytes}KB";
            }
        }
    }
}

/// <summary>rdma: the same files in both versions.</summary>
internal static class RdmaCounts
{
    public static RdmaStats? Read(CgroupNode? node)
        => node?.TryRead("rdma.max") is { } limits ? new(Lines(limits), Lines(node.TryRead("rdma.current") ?? "")) : null;

    // mlx4_0 hca_handle=2 hca_object=max
    private static ImmutableArray<RdmaCount> Lines(string text)
    {
        ImmutableArray<RdmaCount>.Builder counts = ImmutableArray.CreateBuilder<RdmaCount>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split([' ', '='], StringSplitOptions.RemoveEmptyEntries);
            if (words is [string device, "hca_handle", string handles, "hca_object", string objects])
            {
                counts.Add(new(device, StatText.Number(handles)!.Value, StatText.Number(objects)!.Value));
            }
        }

        return counts.DrainToImmutable();
    }
}

/// <summary>misc: the same files in both versions.</summary>
internal static class MiscCounts
{
    public static ImmutableSortedDictionary<string, MiscStats>? Read(CgroupNode? node)
    {
        if (node?.TryRead("misc.current") is not { } current)
        {
            return null;
        }

        // "sev.max 3": how often the resource's limit was met.
        string? events = node.TryRead("misc.events");
        ImmutableSortedDictionary<string, MiscStats>.Builder resources = ImmutableSortedDictionary.CreateBuilder<string, MiscStats>(StringComparer.Ordinal);
        foreach ((string name, ulong value) in StatText.Keys(current))
        {
            resources[name] = new(value, StatText.Key(events, name + ".max") ?? 0);
        }

        return resources.ToImmutable();
    }
}
