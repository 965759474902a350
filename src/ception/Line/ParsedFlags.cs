using System.Globalization;

namespace Containerception.Cli;

/// <summary>The flags that were given, and the words between and behind them.</summary>
internal sealed class ParsedFlags(IReadOnlyList<KeyValuePair<Flag, string>> given, IReadOnlyList<string> arguments)
{
    public IReadOnlyList<string> Arguments { get; } = arguments;

    public bool Has(Flag flag) => Last(flag) is not null;

    public bool Is(Flag flag) => Last(flag) == "true";

    public string? Text(Flag flag) => Last(flag) ?? flag.Default;

    public int Number(Flag flag) => int.Parse(Last(flag) ?? flag.Default!, CultureInfo.InvariantCulture);

    public IReadOnlyList<string> Texts(Flag flag)
    {
        List<string> values = [];
        foreach ((Flag candidate, string value) in given)
        {
            if (ReferenceEquals(candidate, flag))
            {
                values.Add(value);
            }
        }

        return values;
    }

    private string? Last(Flag flag)
    {
        for (int i = given.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(given[i].Key, flag))
            {
                return given[i].Value;
            }
        }

        return null;
    }
}
