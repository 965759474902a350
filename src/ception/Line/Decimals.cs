namespace Containerception.Cli;

/// <summary>Numbers with a unit behind them.</summary>
internal static class Decimals
{
    /// <summary>How many letters at the start are digits and points.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || text[length] == '.'))
        {
            length++;
        }

        return length;
    }
}
