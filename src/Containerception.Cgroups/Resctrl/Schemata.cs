using System.Globalization;

namespace Containerception.Cgroups;

/// <summary>Lines of a schemata file: <c>L3:0=ff;1=3f</c>, a value for each cache of a kind.</summary>
internal static class Schemata
{
    /// <summary>Whether what is there says all that is wanted; it may say more. Spaces and leading zeros mean nothing.</summary>
    public static bool Holds(string present, IReadOnlyList<string> wanted)
    {
        HashSet<string> values = new(StringComparer.Ordinal);
        foreach (string line in present.Split('\n'))
        {
            values.UnionWith(Entries(line));
        }

        foreach (string line in wanted)
        {
            if (!values.IsSupersetOf(Entries(line)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The line of one kind; null when there is none.</summary>
    public static string? Line(string present, string kind)
    {
        foreach (string line in present.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith(kind + ":", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }

    // One for each cache: "L3:0=255".
    private static List<string> Entries(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? "" : line[..colon].Trim();
        List<string> entries = [];
        foreach (string entry in colon < 0 ? [] : line[(colon + 1)..].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split('=', StringSplitOptions.TrimEntries) is [string cache, string value])
            {
                entries.Add($"{kind}:{cache}={Plain(kind, value)}");
            }
        }

        return entries;
    }

    // Bandwidth is decimal, a mask of cache ways hexadecimal.
    private static string Plain(string kind, string value)
        => ulong.TryParse(value, kind is "MB" or "SMBA" ? NumberStyles.None : NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : value;
}
