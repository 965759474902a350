using System.Globalization;

namespace Containerception.Cdock;

/// <summary>A time on a command line: seconds since 1970, a date, or how long ago: <c>1764000000</c>, <c>2026-11-23T20:00:00</c>, <c>1h30m</c>.</summary>
internal static class Moment
{
    /// <exception cref="UsageException">It is none of these.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, string flag)
        => TryDuration(text) is TimeSpan ago ? now - ago
            : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds < 100_000_000_000
                ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time) ? time
            : throw new UsageException($"invalid value \"{text}\" for {flag}", "use seconds since 1970, a date, or how long ago: 10m, 1h30m")
            {
                ExitCode = ExitCode.Failure,
            };

    private static TimeSpan? TryDuration(string text)
    {
        TimeSpan sum = TimeSpan.Zero;
        int at = 0;
        while (at < text.Length)
        {
            int digits = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            int unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            double? seconds = text[unit..at] switch
            {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 0.001,
                _ => null,
            };
            if (seconds is null || !double.TryParse(text.AsSpan(digits, unit - digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                || number > 1e9)
            {
                return null;
            }

            sum += TimeSpan.FromSeconds(number * seconds.Value);
        }

        return text.Length > 0 ? sum : null;
    }
}
