using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>A directory that outlives the containers that use it.</summary>
public sealed record VolumeInfo
{
    /// <summary>The name it was given, or 64 hexadecimal digits.</summary>
    public required string Name { get; init; }

    /// <summary>Where its content is, absolute.</summary>
    public required string Mountpoint { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Nobody gave it a name: it goes with its container where that is asked for, and <c>prune</c> takes it.</summary>
    public required bool IsAnonymous { get; init; }

    /// <summary>Notes on the volume.</summary>
    public required ImmutableSortedDictionary<string, string> Labels { get; init; }

    /// <summary>What is mounted where its content is, in the words of docker's driver <c>local</c>; empty for a directory.</summary>
    public required ImmutableSortedDictionary<string, string> Options { get; init; }

    /// <summary>The ids of the containers that have it, whether they run or not.</summary>
    public required ImmutableArray<string> Users { get; init; }
}
