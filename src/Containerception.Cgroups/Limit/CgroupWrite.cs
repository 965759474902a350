namespace Containerception.Cgroups;

/// <summary>What is done where a file that a limit needs is not there.</summary>
internal enum WhenMissing
{
    /// <summary>The limit was asked for: an error that names it.</summary>
    Refuse,

    /// <summary>The kernel does by itself what the value says.</summary>
    Skip,
}

/// <summary>One limit as one file of a group and what is written to it. A plan of them is data: made without a kernel, and played later.</summary>
/// <param name="Limit">What asks for it: <c>memory.limit</c>, as in <c>linux.resources</c>.</param>
/// <param name="Controller">Who must be there for it.</param>
/// <param name="File">The file's name.</param>
/// <param name="Values">Each is one write(2): the kernel reads one device, or one interface, at a time.</param>
internal sealed record CgroupWrite(string Limit, string Controller, string File, params IReadOnlyList<string> Values)
{
    public WhenMissing WhenMissing { get; init; }

    /// <summary>Tried in place of <see cref="File"/> where that is not there, with values of its own scale.</summary>
    public CgroupWrite? Otherwise { get; init; }

    public override string ToString() => $"{File} = {string.Join(", ", Values)}";
}
