namespace Containerception.Images;

/// <summary>What went wrong with an image, as far as a caller can act on it.</summary>
public enum ImageFailure
{
    /// <summary>The request is wrong: a reference that is none.</summary>
    Invalid,

    /// <summary>There is no such image, neither here nor there.</summary>
    NotFound,

    /// <summary>The registry wants other credentials.</summary>
    Denied,

    /// <summary>What came is not what it says it is, or tries to do harm.</summary>
    Damaged,

    /// <summary>The registry cannot be reached, or fails.</summary>
    Unreachable,

    /// <summary>A container, or another name, stands in the way.</summary>
    Conflict,

    /// <summary>The disk is full, or fails.</summary>
    Disk,

    /// <summary>This version, or this machine, cannot do that.</summary>
    Unsupported,
}

/// <summary>An image could not be fetched, stored or unpacked. The message is one line; the hint, where there is one, says what to do about it.</summary>
public sealed class ImageException(ImageFailure failure, string message, string? hint = null, Exception? cause = null) : Exception(message, cause)
{
    public ImageFailure Failure { get; } = failure;

    public string? Hint { get; } = hint;
}
