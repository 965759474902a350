namespace Containerception.Runtime;

/// <summary>Why a request failed, as far as a caller can act on it.</summary>
public enum FailureKind
{
    /// <summary>The request or the bundle is wrong.</summary>
    Invalid,

    /// <summary>There is no such container.</summary>
    NotFound,

    /// <summary>A container of that id exists.</summary>
    AlreadyExists,

    /// <summary>The container is not in a state that allows this.</summary>
    Conflict,

    /// <summary>This kernel, or this version of ception, cannot do that.</summary>
    Unsupported,

    /// <summary>The kernel refused.</summary>
    System,
}

/// <summary>A container could not be made, changed or removed. The message is one line, in the words that callers of runc look for.</summary>
public sealed class ContainerException(FailureKind kind, string message, string? hint = null, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>What a caller can do about it.</summary>
    public FailureKind Kind { get; } = kind;

    /// <summary>What the user can do about it: a second line, where the kernel's word misleads.</summary>
    public string? Hint { get; } = hint;
}
