using System.CommandLine;

namespace Containerception.Cdock;

/// <summary>
/// docker's grammar of flags, where the parsing library's differs: flags end at the first word that is none (what follows belongs to the
/// container), <c>-it</c> and <c>-m64m</c> are short flags run together, <c>--flag value</c> takes the next word whatever it looks like. The
/// words are rewritten so that the library cannot misread them: <c>--flag=value … -- the rest</c>.
/// </summary>
internal static class DockerGrammar
{
    /// <exception cref="UsageException">An unknown flag, or a flag without its value.</exception>
    public static string[] Rewrite(Command command, ReadOnlySpan<string> words)
    {
        List<string> rewritten = [];
        int i = 0;
        while (i < words.Length && words[i] is ['-', _, ..] flag && flag != "--")
        {
            i++;
            if (flag.StartsWith("--", StringComparison.Ordinal))
            {
                Long(command, flag, words, ref i, rewritten);
            }
            else
            {
                Short(command, flag, words, ref i, rewritten);
            }
        }

        if (i < words.Length && words[i] == "--")
        {
            i++;
        }

        return i < words.Length ? [.. rewritten, "--", .. words[i..]] : [.. rewritten];
    }

    private static void Long(Command command, string flag, ReadOnlySpan<string> words, ref int next, List<string> rewritten)
    {
        int equals = flag.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? flag : flag[..equals];
        Option option = Find(command, name, name);
        if (equals >= 0)
        {
            Add(option, flag[(equals + 1)..], rewritten);
        }
        else if (IsSwitch(option))
        {
            rewritten.Add(option.Name);
        }
        else if (option.Arity.MinimumNumberOfValues == 0)
        {
            Add(option, "true", rewritten);
        }
        else
        {
            Add(option, Value(option, name, words, ref next), rewritten);
        }
    }

    private static void Short(Command command, string flags, ReadOnlySpan<string> words, ref int next, List<string> rewritten)
    {
        for (int at = 1; at < flags.Length; at++)
        {
            string name = "-" + flags[at];
            Option option = Find(command, name, flags.Length == 2 ? name : $"{name} in {flags}");
            string rest = flags[(at + 1)..];
            if (IsSwitch(option) && !rest.StartsWith('='))
            {
                rewritten.Add(option.Name);
                continue;
            }

            Add(option, rest.Length == 0 ? Value(option, name, words, ref next) : rest.StartsWith('=') ? rest[1..] : rest, rewritten);
            return;
        }
    }

    private static void Add(Option option, string value, List<string> rewritten)
    {
        if (IsSwitch(option) && value is not ("true" or "false" or "1" or "0"))
        {
            throw new UsageException($"invalid value \"{value}\" for {option.Name}: it is true or false");
        }

        rewritten.Add($"{option.Name}={(IsSwitch(option) ? (value is "true" or "1" ? "true" : "false") : value)}");
    }

    private static string Value(Option option, string name, ReadOnlySpan<string> words, ref int next)
        => next < words.Length ? words[next++] : throw new UsageException($"flag needs a value: {name} {option.HelpName}");

    private static Option Find(Command command, string name, string shown)
        => command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name))
            ?? throw new UsageException($"unknown flag: {shown}", Nearest(command, name));

    private static string? Nearest(Command command, string name)
    {
        string? nearest = command.Options.Where(option => !option.Hidden).Select(option => option.Name)
            .MinBy(known => Distance(known, name));
        return nearest is not null && Distance(nearest, name) <= 2 ? $"did you mean {nearest}?" : null;
    }

    private static bool IsSwitch(Option option) => option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0;

    // Levenshtein's, on two rows.
    private static int Distance(string a, string b)
    {
        int[] above = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            }

            above = row;
        }

        return above[b.Length];
    }
}

/// <summary>The words of a command line make no sense.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;

    /// <summary>docker's: 125 for flags, 1 for verbs, and for too few or too many words.</summary>
    public int ExitCode { get; init; } = Cdock.ExitCode.NotStarted;
}
