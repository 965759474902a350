using System.Globalization;

namespace Containerception.Cli;

/// <summary>A span of time as Go writes it: <c>5s</c>, <c>1m30s</c>, <c>1.5h</c>, <c>-3ms</c>, <c>0</c>.</summary>
internal static class GoDuration
{
    public static bool TryParse(string text, out TimeSpan span)
    {
        bool negative = text.StartsWith('-');
        ReadOnlySpan<char> rest = text.AsSpan(text.StartsWith('-') || text.StartsWith('+') ? 1 : 0);
        span = TimeSpan.Zero;
        if (rest is "0")
        {
            return true;
        }

        double ticks = 0;
        bool any = false;
        while (!rest.IsEmpty)
        {
            int digits = Decimals.Length(rest);
            if (!double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            rest = rest[digits..];
            int letters = 0;
            while (letters < rest.Length && Decimals.Length(rest[letters..]) == 0)
            {
                letters++;
            }

            ReadOnlySpan<char> unit = rest[..letters];
            double? ticksOf = unit switch
            {
                "ns" => 1.0 / TimeSpan.NanosecondsPerTick,
                "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" => TimeSpan.TicksPerSecond,
                "m" => TimeSpan.TicksPerMinute,
                "h" => TimeSpan.TicksPerHour,
                _ => null,
            };
            if (ticksOf is null)
            {
                return false;
            }

            ticks += number * ticksOf.Value;
            rest = rest[unit.Length..];
            any = true;
        }

        // Go's own bound: 64 bits of nanoseconds.
        if (!any || ticks > long.MaxValue / TimeSpan.NanosecondsPerTick)
        {
            return false;
        }

        span = TimeSpan.FromTicks((long)(negative ? -ticks : ticks));
        return true;
    }
}
