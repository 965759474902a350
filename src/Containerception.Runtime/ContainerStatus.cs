using System.Collections.Immutable;

namespace Containerception.Runtime;

/// <summary>What <c>state</c> and <c>list</c> say of a container. runtime-spec, runtime.md, "State".</summary>
public sealed record ContainerStatus
{
    public required string OciVersion { get; init; }

    public required string Id { get; init; }

    /// <summary>Init's pid as the caller sees it; 0 when stopped.</summary>
    public required int Pid { get; init; }

    /// <summary><c>created</c>, <c>running</c>, <c>paused</c> or <c>stopped</c>.</summary>
    public required string Status { get; init; }

    public required string Bundle { get; init; }

    public required string Rootfs { get; init; }

    public required DateTimeOffset Created { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The uid that made it.</summary>
    public required uint OwnerUid { get; init; }
}
