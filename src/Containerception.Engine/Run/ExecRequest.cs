using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>What <c>cdock exec</c> is asked for: one more program in a running container.</summary>
public sealed record ExecRequest
{
    /// <summary>The container's name or id.</summary>
    public required string Container { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>Give the program this process's standard input; otherwise /dev/null.</summary>
    public bool Interactive { get; init; }

    /// <summary>Give the program a terminal of its own.</summary>
    public bool Tty { get; init; }

    /// <summary>Return once the program runs; what it writes is lost.</summary>
    public bool Detach { get; init; }

    /// <summary><c>NAME=value</c>, beside the container's own.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary><c>USER[:GROUP]</c>; null for the container's own.</summary>
    public string? User { get; init; }

    /// <summary>Absolute; null for the container's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>All capabilities. The container's filter and cgroups hold still.</summary>
    public bool Privileged { get; init; }
}
