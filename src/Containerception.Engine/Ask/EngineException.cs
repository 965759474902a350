using Containerception.Images;
using Containerception.Networks;

namespace Containerception.Engine;

/// <summary>Why a request failed, as far as a caller can act on it. Maps one to one to an exit code.</summary>
public enum FailureKind
{
    /// <summary>The request is wrong: 125.</summary>
    Invalid,

    /// <summary>There is no such container, directory or device: 125.</summary>
    NotFound,

    /// <summary>The name is taken: 125.</summary>
    AlreadyExists,

    /// <summary>The container is not in a state that allows this: 125.</summary>
    Conflict,

    /// <summary>This machine, this runtime or this version cannot do that: 125.</summary>
    Unsupported,

    /// <summary>The kernel or the runtime refused: 125.</summary>
    System,

    /// <summary>The program is there but cannot be executed: 126.</summary>
    NotExecutable,

    /// <summary>The program is not there: 127.</summary>
    ProgramNotFound,
}

/// <summary>A request could not be carried out. The message is one line; the hint, where there is one, says what to do about it.</summary>
public sealed class EngineException(FailureKind kind, string message, string? hint = null, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>What a caller can do about it.</summary>
    public FailureKind Kind { get; } = kind;

    /// <summary>What the user can do about it.</summary>
    public string? Hint { get; } = hint;

    /// <summary>The same failure, told of an image.</summary>
    public static EngineException Of(ImageException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        FailureKind kind = failure.Failure switch
        {
            ImageFailure.Invalid => FailureKind.Invalid,
            ImageFailure.NotFound => FailureKind.NotFound,
            ImageFailure.Unsupported => FailureKind.Unsupported,
            _ => FailureKind.System,
        };
        return new EngineException(kind, failure.Message, failure.Hint, failure);
    }

    /// <summary>The same failure, told of a network.</summary>
    public static EngineException Of(NetworkException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        FailureKind kind = failure.Failure switch
        {
            NetworkFailure.Invalid => FailureKind.Invalid,
            NetworkFailure.NotFound => FailureKind.NotFound,
            NetworkFailure.Conflict or NetworkFailure.Exhausted => FailureKind.Conflict,
            NetworkFailure.Unsupported => FailureKind.Unsupported,
            _ => FailureKind.System,
        };
        return new EngineException(kind, failure.Message, failure.Hint, failure);
    }

    internal static EngineException Invalid(string message, string? hint = null) => new(FailureKind.Invalid, message, hint);
}
