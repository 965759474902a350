using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>The few forms in which control group files tell numbers.</summary>
internal static class StatText
{
    // memory.stat, the longest file that is read again, has under 4 KiB.
    private const int BytesMax = 64 << 10;

    /// <summary>All of an open file, from its start.</summary>
    public static string ReadAgain(SafeFileHandle file)
    {
        MemoryFiles.Rewind(file);
        return Encoding.UTF8.GetString(FileContents.ReadAll(file, BytesMax));
    }

    /// <summary>"max" and what is beyond 64 bits is no limit; null when there is no such file.</summary>
    public static ulong? Number(string? text)
    {
        string word = (text ?? "").Trim();
        if (word.Length == 0)
        {
            return null;
        }

        return ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : word.StartsWith('-') ? 0 : ulong.MaxValue;
    }

    /// <summary>The number behind a key in lines of "key number".</summary>
    public static ulong? Key(string? text, string key)
    {
        foreach (string line in (text ?? "").Split('\n'))
        {
            if (line.Length > key.Length && line[key.Length] == ' ' && line.StartsWith(key, StringComparison.Ordinal))
            {
                return Number(line[(key.Length + 1)..]);
            }
        }

        return null;
    }

    /// <summary>All lines of "key number".</summary>
    public static List<(string Name, ulong Value)> Keys(string? text)
    {
        List<(string Name, ulong Value)> keys = [];
        foreach (string line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && Number(line[space..]) is { } number)
            {
                keys.Add((line[..space], number));
            }
        }

        return keys;
    }

    /// <summary>The numbers of a line: "1 2 3".</summary>
    public static ImmutableArray<ulong> Numbers(string? text)
        => [.. (text ?? "").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => Number(word) ?? 0)];

    /// <summary>cpuset(7)'s list format, "0-2,7", one by one.</summary>
    public static ImmutableArray<uint> List(string? text)
    {
        ImmutableArray<uint>.Builder numbers = ImmutableArray.CreateBuilder<uint>();
        foreach (string range in (text ?? "").Trim().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            uint last = uint.Parse(ends[^1], CultureInfo.InvariantCulture);
            for (uint number = uint.Parse(ends[0], CultureInfo.InvariantCulture); number <= last; number++)
            {
                numbers.Add(number);
            }
        }

        return numbers.DrainToImmutable();
    }

    /// <summary>Documentation/accounting/psi.rst: <c>some avg10=0.00 avg60=0.00 avg300=0.00 total=0</c>, and the same for "full". null where nobody measures.</summary>
    public static Pressure? Pressure(string? text)
    {
        PressureLine some = new(0, 0, 0, 0);
        PressureLine full = some;
        bool any = false;
        foreach (string line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split([' ', '=']);
            if (words is [string kind, "avg10", string avg10, "avg60", string avg60, "avg300", string avg300, "total", string total])
            {
                PressureLine values = new(Share(avg10), Share(avg60), Share(avg300), Number(total) ?? 0);
                any = true;
                (some, full) = kind == "some" ? (values, full) : (some, values);
            }
        }

        return any ? new Pressure(some, full) : null;
    }

    private static double Share(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
