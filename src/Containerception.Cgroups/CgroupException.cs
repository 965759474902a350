namespace Containerception.Cgroups;

/// <summary>A control group cannot be made, limited or used as asked. The message is one line; the hint, if any, says what could help.</summary>
public sealed class CgroupException(string message, string? hint = null, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>A second line, where there is something to say: what the machine lacks, what to try.</summary>
    public string? Hint { get; } = hint;
}
