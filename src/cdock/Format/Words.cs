using System.Globalization;

namespace Containerception.Cdock;

/// <summary>Lengths of time and amounts of bytes in docker's words.</summary>
internal static class Words
{
    private const int Thousand = 1000;
    private const int Binary = 1024;

    private static readonly string[] DecimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    private static readonly string[] BinaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary><c>3 minutes</c>, <c>About an hour</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        int seconds = (int)time.TotalSeconds;
        int minutes = (int)time.TotalMinutes;
        int hours = (int)(time.TotalHours + 0.5);
        return seconds < 1 ? "Less than a second"
            : seconds == 1 ? "1 second"
            : seconds < 60 ? $"{seconds} seconds"
            : minutes == 1 ? "About a minute"
            : minutes < 60 ? $"{minutes} minutes"
            : hours == 1 ? "About an hour"
            : hours < 48 ? $"{hours} hours"
            : hours < 24 * 7 * 2 ? $"{hours / 24} days"
            : hours < 24 * 30 * 2 ? $"{hours / 24 / 7} weeks"
            : hours < 24 * 365 * 2 ? $"{hours / 24 / 30} months"
            : $"{(int)time.TotalHours / 24 / 365} years";
    }

    /// <summary><c>3 minutes ago</c>.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => Duration(now - then) + " ago";

    /// <summary><c>1.235MB</c>: powers of a thousand.</summary>
    public static string Size(double bytes, int digits = 4) => Scaled(bytes, Thousand, DecimalUnits, digits);

    /// <summary><c>3.815MiB</c>: powers of 1024.</summary>
    public static string BinarySize(double bytes) => Scaled(bytes, Binary, BinaryUnits, 4);

    /// <summary>As Go prints a time: <c>2026-11-23 20:00:00 +0000 UTC</c>, of the local zone.</summary>
    public static string Time(DateTimeOffset time)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(time, TimeZoneInfo.Local);
        string zone = TimeZoneInfo.Local.BaseUtcOffset == TimeSpan.Zero ? "UTC" : local.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);
        return $"{local.ToString("yyyy-MM-dd HH:mm:ss ", CultureInfo.InvariantCulture)}{local.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal)} {zone}";
    }

    /// <summary>As the API has a time: RFC 3339 with nanoseconds, without zeros at the end.</summary>
    public static string Stamp(DateTimeOffset time)
        => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string Scaled(double bytes, int step, string[] units, int digits)
    {
        int unit = 0;
        while (bytes >= step && unit < units.Length - 1)
        {
            bytes /= step;
            unit++;
        }

        return Significant(bytes, digits) + units[unit];
    }

    // Go's %.4g, of what is below 10,000.
    private static string Significant(double number, int digits)
    {
        int before = number < 1 ? 1 : (int)Math.Floor(Math.Log10(number)) + 1;
        return number.ToString("0." + new string('#', Math.Max(0, digits - before)), CultureInfo.InvariantCulture);
    }
}
