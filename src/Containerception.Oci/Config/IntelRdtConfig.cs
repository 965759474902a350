using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>A share of the processor's cache and memory bandwidth. runtime-spec, config-linux.md, "IntelRdt"; the kernel's resctrl.rst.</summary>
public sealed record IntelRdtConfig
{
    /// <summary>The class of service: a directory of resctrl, <c>/</c> for its root, null for one of the container's own.</summary>
    public string? ClosId { get; init; }

    /// <summary>Lines for the class's schemata file.</summary>
    public ImmutableArray<string> Schemata { get; init => field = value.OrEmpty(); } = [];

    /// <summary><c>L3:0=ff0;1=3ff</c>.</summary>
    public string? L3CacheSchema { get; init; }

    /// <summary><c>MB:0=70;1=20</c>.</summary>
    public string? MemBwSchema { get; init; }

    /// <summary>Make a monitoring group for the container.</summary>
    public bool EnableMonitoring { get; init; }

    /// <summary>All that is written to the schemata file. A line about bandwidth in the cache's schema counts only when there is no schema of its own for it.</summary>
    public ImmutableArray<string> Lines
    {
        get
        {
            ImmutableArray<string>.Builder lines = ImmutableArray.CreateBuilder<string>();
            foreach (string line in (L3CacheSchema ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (string.IsNullOrEmpty(MemBwSchema) || !line.StartsWith("MB:", StringComparison.Ordinal))
                {
                    lines.Add(line);
                }
            }

            if (!string.IsNullOrEmpty(MemBwSchema))
            {
                lines.Add(MemBwSchema.Trim());
            }

            lines.AddRange(Schemata);
            return lines.DrainToImmutable();
        }
    }
}
