using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Containerception.Engine;

/// <summary>What cdock remembers of a container: <c>container.json</c> in its directory.</summary>
internal sealed record ContainerRecord
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>What it started on.</summary>
    public required string Image { get; init; }

    public required ImmutableArray<string> Command { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The absolute path of the runtime that made it: the only one that knows it.</summary>
    public required string Runtime { get; init; }

    public required bool AutoRemove { get; init; }

    /// <summary>Null until the runtime was started.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? Finished { get; init; }

    public int? ExitCode { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(ContainerRecord))]
[JsonSerializable(typeof(DetachedRoot))]
[JsonSerializable(typeof(DetachedFailure))]
[JsonSerializable(typeof(ImmutableSortedDictionary<string, string>))]
internal sealed partial class EngineJson : JsonSerializerContext;
