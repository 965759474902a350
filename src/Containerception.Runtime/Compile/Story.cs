namespace Containerception.Runtime;

/// <summary>
/// What one or more steps of the program do, in words: the line that <c>--explain</c> tells and that an error begins with. The words are put
/// together only when somebody asks.
/// </summary>
/// <param name="Name">The same on every run: <c>mount</c>, <c>pivot-root</c>.</param>
/// <param name="Words">What is done; <c>{0}</c> and <c>{1}</c> stand for the subjects.</param>
/// <param name="Why">Why a container needs it.</param>
/// <param name="First">The first subject, as a rule a path of the container.</param>
/// <param name="Second">The second one.</param>
/// <param name="Failure">How a failure begins where callers look for certain words; <c>{0}</c>, <c>{1}</c> as above. Only the errno's text follows.</param>
internal sealed record Story(string Name, string Words, string Why, string? First = null, string? Second = null, string? Failure = null)
{
    public string Tell() => Fill(Words);

    public string Fill(string format) => format
        .Replace("{0}", First, StringComparison.Ordinal)
        .Replace("{1}", Second, StringComparison.Ordinal);
}
