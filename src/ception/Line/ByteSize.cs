using System.Globalization;

namespace Containerception.Cli;

/// <summary>A size as docker's go-units reads it: <c>10M</c>, <c>1.5GiB</c>, <c>4096</c>. Units are powers of 1024, in either case.</summary>
internal static class ByteSize
{
    private const string Units = "kmgtp";

    /// <summary>-1 is no limit. false when it is none of these.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = -1;
        if (text == "-1")
        {
            return true;
        }

        int digits = Decimals.Length(text);
        string unit = text[digits..].Trim().ToLowerInvariant();
        int power = unit is "" or "b" ? 0 : unit[1..] is "" or "b" or "ib" ? Units.IndexOf(unit[0], StringComparison.Ordinal) + 1 : 0;
        bool known = unit is "" or "b" || power > 0;
        if (!known || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            return false;
        }

        // A whole number of bytes is taken as it is written: a double has 53 bits.
        double size = number * (1L << (10 * power));
        bool fits = size < long.MaxValue;
        bytes = power == 0 && long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long whole) ? whole : fits ? (long)size : 0;
        return fits;
    }
}
