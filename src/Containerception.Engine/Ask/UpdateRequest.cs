using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What <c>cdock update</c> is to change. What is null stays as it is.</summary>
public sealed record UpdateRequest
{
    /// <summary>Memory, processor, processes, disk.</summary>
    public LimitsRequest Limits { get; init; } = new();

    /// <summary>When the program is started again.</summary>
    public RestartPolicy? Restart { get; init; }
}
