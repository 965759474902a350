namespace Containerception.Cdock;

/// <summary>The standard streams, as plain descriptors. System.Console would set up the terminal, which is the container's.</summary>
internal sealed class Output : IDisposable
{
    private Output(TextWriter standard, TextWriter error)
    {
        Standard = standard;
        Error = error;
    }

    public TextWriter Standard { get; }

    public TextWriter Error { get; }

    public static Output Open() => new(new DescriptorWriter(1), new DescriptorWriter(2));

    /// <summary>The one line that says what is wrong, and one that says what to do.</summary>
    public void Fail(string message, string? hint)
        => Error.Write(hint is null ? $"cdock: {message}\n" : $"cdock: {message}\nhint: {hint}\n");

    /// <summary>What is not as its caller may think, though all goes on.</summary>
    public void Warn(string message, string hint) => Error.Write($"WARNING: {message}\nhint: {hint}\n");

    public void Dispose()
    {
        Standard.Dispose();
        Error.Dispose();
    }
}
