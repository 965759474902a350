namespace Containerception.Images;

/// <summary>The database cannot be opened, read or written. The message is one line; the hint, where there is one, says what to do about it.</summary>
public sealed class DatabaseException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}
