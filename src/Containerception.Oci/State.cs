using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What a hook reads on its standard input. runtime-spec, runtime.md, "State".</summary>
public sealed partial record State
{
    public required string OciVersion { get; init; }

    public required string Id { get; init; }

    /// <summary><c>creating</c>, <c>created</c>, <c>running</c> or <c>stopped</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Init's pid in the runtime's namespace; 0 is left out.</summary>
    public int Pid { get; init; }

    public required string Bundle { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Empty.Map;
}
