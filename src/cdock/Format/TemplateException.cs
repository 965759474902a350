namespace Containerception.Cdock;

/// <summary>A <c>--format</c> that cannot be read, or does not fit what it is applied to. The message has the place: <c>template: :1:8: …</c>.</summary>
internal sealed class TemplateException(string message, bool isParsing, string? hint = null) : Exception(message)
{
    /// <summary>The text makes no sense, whatever it is applied to.</summary>
    public bool IsParsing { get; } = isParsing;

    public string? Hint { get; } = hint;
}
