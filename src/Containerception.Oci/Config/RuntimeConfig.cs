using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>A bundle's config.json. runtime-spec 1.3, config.md. What is absent is null or empty, never a default array.</summary>
public sealed partial record RuntimeConfig
{
    /// <summary>The version of the specification that the document follows: 1.x.</summary>
    public required string OciVersion { get; init; }

    public ProcessConfig? Process { get; init; }

    public RootConfig? Root { get; init; }

    public string? Hostname { get; init; }

    public string? Domainname { get; init; }

    /// <summary>In the order in which they are mounted.</summary>
    public ImmutableArray<MountConfig> Mounts { get; init => field = value.OrEmpty(); } = [];

    public HooksConfig? Hooks { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Empty.Map;

    public LinuxConfig? Linux { get; init; }
}

/// <summary>The directory that becomes the container's <c>/</c>.</summary>
public sealed record RootConfig
{
    /// <summary>Absolute, or relative to the bundle.</summary>
    public required string Path { get; init; }

    public bool Readonly { get; init; }
}

/// <summary>One mount, below the root. runtime-spec, config.md, "Mounts".</summary>
public sealed record MountConfig
{
    /// <summary>A path in the container. A relative one (deprecated) starts at <c>/</c>.</summary>
    public required string Destination { get; init; }

    /// <summary>A file system of <c>/proc/filesystems</c>; null, <c>none</c> or <c>bind</c> for a bind mount.</summary>
    public string? Type { get; init; }

    public string? Source { get; init; }

    /// <summary>fstab(5)'s words and those of the file system itself.</summary>
    public ImmutableArray<string> Options { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<IdMapping> UidMappings { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<IdMapping> GidMappings { get; init => field = value.OrEmpty(); } = [];
}
