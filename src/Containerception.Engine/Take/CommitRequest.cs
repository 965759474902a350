using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>What <c>commit</c> is asked for.</summary>
public sealed record CommitRequest
{
    /// <summary>The container's name or id.</summary>
    public required string Container { get; init; }

    /// <summary>The image's name; null for none.</summary>
    public string? Name { get; init; }

    /// <summary>Who made it.</summary>
    public string? Author { get; init; }

    /// <summary>What was done.</summary>
    public string? Message { get; init; }

    /// <summary>Instructions of a Dockerfile: <c>CMD ["x"]</c>.</summary>
    public ImmutableArray<string> Changes { get; init; } = [];

    /// <summary>Pause the container meanwhile, if it runs.</summary>
    public bool Pause { get; init; } = true;
}
