namespace Containerception.Cdock;

/// <summary>A filter's yes or no.</summary>
internal static class Truth
{
    /// <exception cref="UsageException">It is neither.</exception>
    public static bool Of(string text, string filter) => text switch
    {
        "1" or "true" => true,
        "0" or "false" => false,
        _ => throw Filters.Refused($"{filter}={text}", "use true or false"),
    };
}
