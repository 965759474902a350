namespace Containerception.Engine;

/// <summary>What a container has done to a file of its image.</summary>
public enum ChangeKind
{
    /// <summary>It was not there.</summary>
    Added,

    /// <summary>It is another, or something in it is.</summary>
    Changed,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>A line of <c>diff</c>.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Path">To which file, absolute in the container.</param>
public sealed record ContainerChange(ChangeKind Kind, string Path);
