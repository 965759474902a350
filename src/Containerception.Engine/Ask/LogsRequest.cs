using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>Which part of a container's log is wanted.</summary>
public sealed record LogsRequest
{
    /// <summary>Go on with what is written from now on, until the container ends.</summary>
    public bool Follow { get; init; }

    /// <summary>So many lines from the end; null for all.</summary>
    public int? Tail { get; init; }

    /// <summary>Not what is older.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Not what is newer.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>One line of a log, or a piece of one without its newline.</summary>
/// <param name="IsError">It was written to standard error.</param>
/// <param name="Time">When.</param>
/// <param name="Text">With its newline, where it had one.</param>
public sealed record LogLine(bool IsError, DateTimeOffset Time, string Text)
{
    /// <summary>What was noted beside it, because <c>--log-opt labels</c> or <c>env</c> asked for it.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
