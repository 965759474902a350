using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>What a container is doing.</summary>
public enum ContainerState
{
    /// <summary>Claimed, but its program has not been started.</summary>
    Created,

    /// <summary>Its program runs.</summary>
    Running,

    /// <summary>Its program has ended.</summary>
    Exited,
}

/// <summary>One line of <c>ps</c>.</summary>
public sealed record ContainerInfo
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name it was given, or that was made up.</summary>
    public required string Name { get; init; }

    /// <summary>What it started on: <c>host</c>, or a path.</summary>
    public required string Image { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When its program was started; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When its program ended; null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>What it is doing.</summary>
    public required ContainerState State { get; init; }

    /// <summary>The program's exit status, 128 + signal for a signal; null before it has ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Notes on the container.</summary>
    public required ImmutableSortedDictionary<string, string> Labels { get; init; }
}
