using System.Globalization;

namespace Containerception.Cli;

/// <summary>Where flags are looked for.</summary>
internal enum FlagPlace
{
    /// <summary>Before the first word that is none: what follows belongs to somebody else.</summary>
    First,

    /// <summary>Anywhere before <c>--</c>. After the first word only known flags count; the rest are words.</summary>
    Anywhere,

    /// <summary>Nowhere: all is passed over, but for known flags.</summary>
    None,
}

/// <summary>
/// Go's rules for flags, which the callers of runc know: one dash or two, <c>--x=v</c> or <c>--x v</c>, a switch takes a value
/// only behind <c>=</c>, letters do not cluster, and <c>--</c> ends them.
/// </summary>
internal static class FlagParser
{
    /// <exception cref="UsageException">A flag is unknown, or its value is missing or wrong.</exception>
    public static ParsedFlags Parse(IReadOnlyList<string> line, IReadOnlyList<Flag> flags, FlagPlace place)
    {
        List<KeyValuePair<Flag, string>> given = [];
        List<string> arguments = [];
        for (int i = 0; i < line.Count; i++)
        {
            string word = line[i];
            if (word == "--")
            {
                arguments.AddRange(line.Skip(i + 1));
                break;
            }

            if (!LooksLikeFlag(word))
            {
                if (place == FlagPlace.First)
                {
                    arguments.AddRange(line.Skip(i));
                    break;
                }

                arguments.Add(word);
                continue;
            }

            (string name, string? value) = Split(word);
            if (Find(flags, name) is not { } flag)
            {
                if (arguments.Count > 0 || place == FlagPlace.None)
                {
                    arguments.Add(word);
                    continue;
                }

                throw name == "" || name[0] is '-' or '='
                    ? new UsageException($"bad flag syntax: {word}")
                    : new UsageException($"flag provided but not defined: -{name}");
            }

            if (flag.TakesValue && value is null)
            {
                i++;
                value = i < line.Count ? line[i] : throw new UsageException($"flag needs an argument: -{name}");
            }

            given.Add(new(flag, Checked(flag, name, value)));
        }

        return new ParsedFlags(given, arguments);
    }

    // A dash alone is a word: standard input.
    private static bool LooksLikeFlag(string word) => word.Length > 1 && word[0] == '-';

    private static (string Name, string? Value) Split(string word)
    {
        string text = word[(word.StartsWith("--", StringComparison.Ordinal) ? 2 : 1)..];
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals <= 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
    }

    private static Flag? Find(IReadOnlyList<Flag> flags, string name)
    {
        foreach (Flag flag in flags)
        {
            if (flag.Names.Contains(name))
            {
                return flag;
            }
        }

        return null;
    }

    private static string Checked(Flag flag, string name, string? value) => flag.Kind switch
    {
        FlagKind.Switch => value switch
        {
            null or "1" or "t" or "T" or "true" or "TRUE" or "True" => "true",
            "0" or "f" or "F" or "false" or "FALSE" or "False" => "false",
            _ => throw new UsageException($"invalid boolean value \"{value}\" for -{name}: parse error"),
        },
        FlagKind.Number => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : throw new UsageException($"invalid value \"{value}\" for flag -{name}: parse error"),
        _ => value!,
    };
}
