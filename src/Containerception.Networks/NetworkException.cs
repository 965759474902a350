namespace Containerception.Networks;

/// <summary>What went wrong with a network, as far as a caller can act on it.</summary>
public enum NetworkFailure
{
    /// <summary>The request is wrong: a name that no interface can have.</summary>
    Invalid,

    /// <summary>There is no such interface.</summary>
    NotFound,

    /// <summary>Something that belongs to somebody else stands in the way.</summary>
    Conflict,

    /// <summary>No address, no subnet, no port of the bridge is left.</summary>
    Exhausted,

    /// <summary>This machine cannot do that.</summary>
    Unsupported,
}

/// <summary>A network cannot be made or used as asked. The message is one line; the hint, where there is one, says what to do about it.</summary>
public sealed class NetworkException(NetworkFailure failure, string message, string? hint = null, Exception? cause = null) : Exception(message, cause)
{
    public NetworkFailure Failure { get; } = failure;

    public string? Hint { get; } = hint;
}
