using System.Globalization;

namespace Containerception.Cdock;

/// <summary>Moments and lengths of time as docker's flags take them.</summary>
internal static class Times
{
    private static readonly (string Name, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Reads Go's <c>1h30m</c>, <c>1.5s</c>, <c>300ms</c>; 0 needs no unit.</summary>
    /// <exception cref="UsageException">It is none, or negative.</exception>
    public static TimeSpan ParseDuration(string text, string flag)
        => TryParseDuration(text, out TimeSpan time) ? time : throw new UsageException($"invalid value \"{text}\" for {flag}", "use a number and ms, s, m or h: 1m30s");

    /// <summary>Reads a moment: RFC 3339 with or without its time and zone, seconds since 1970, or so long ago.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static DateTimeOffset ParseMoment(string text, DateTimeOffset now, string flag)
    {
        if (TryParseDuration(text, out TimeSpan ago))
        {
            return now - ago;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds))
        {
            return DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        }

        return text.Length >= 4 && char.IsAsciiDigit(text[0])
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset moment)
            ? moment
            : throw new UsageException($"invalid value \"{text}\" for {flag}", "use 2006-01-02T15:04:05Z, seconds since 1970, or 10m for ten minutes ago")
            {
                ExitCode = ExitCode.Failure,
            };
    }

    private static bool TryParseDuration(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        ReadOnlySpan<char> rest = text;
        if (rest is "0")
        {
            return true;
        }

        double seconds = 0;
        while (!rest.IsEmpty)
        {
            int digits = Run(rest, isNumber: true);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            rest = rest[digits..];
            string unit = rest[..Run(rest, isNumber: false)].ToString();
            (string Name, double Seconds) known = Units.FirstOrDefault(one => one.Name == unit);
            if (known.Name is null)
            {
                return false;
            }

            seconds += number * known.Seconds;
            rest = rest[unit.Length..];
        }

        bool isGood = text.Length > 0 && seconds < TimeSpan.MaxValue.TotalSeconds;
        time = isGood ? TimeSpan.FromSeconds(seconds) : time;
        return isGood;
    }

    // How many characters from here belong to a number, or do not.
    private static int Run(ReadOnlySpan<char> text, bool isNumber)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || text[length] == '.') == isNumber)
        {
            length++;
        }

        return length;
    }
}
