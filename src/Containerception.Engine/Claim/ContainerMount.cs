namespace Containerception.Engine;

/// <summary>What is mounted into a container because somebody asked for it.</summary>
public sealed record ContainerMount
{
    /// <summary><c>bind</c>, <c>volume</c> or <c>tmpfs</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The volume; null for others.</summary>
    public string? Name { get; init; }

    /// <summary>The path on the host; empty for a tmpfs.</summary>
    public required string Source { get; init; }

    /// <summary>The path in the container.</summary>
    public required string Destination { get; init; }

    /// <summary>The container may write to it.</summary>
    public required bool IsWritable { get; init; }

    /// <summary>How mounts below it travel: <c>rprivate</c> and its like; empty for a volume.</summary>
    public required string Propagation { get; init; }
}
