using System.Collections.Immutable;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What <c>cdock update</c> changes; what is null, or empty, stays as it is.</summary>
public sealed record UpdateRequest
{
    /// <summary>Memory, processor, processes, disk.</summary>
    public LimitsRequest Limits { get; init; } = new();

    /// <summary>When the program is started again.</summary>
    public RestartPolicy? Restart { get; init; }

    /// <summary>Ports of the host that lead to it from now on.</summary>
    public ImmutableArray<PortRequest> PortsAdded { get; init; } = [];

    /// <summary>Those that lead to it no longer: <c>[HOSTPORT:]PORT[/PROTOCOL]</c>.</summary>
    public ImmutableArray<string> PortsRemoved { get; init; } = [];
}
