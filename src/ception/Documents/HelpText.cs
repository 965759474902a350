using System.Text;

namespace Containerception.Cli;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    public const string About = "runs containers that are described by the Open Container Initiative's runtime specification";

    private const int Width = 80;

    public static string Program()
    {
        StringBuilder text = new();
        text.Append($"NAME:\n   {Cli.Program.Name} - {About}\n\n");
        text.Append($"USAGE:\n   {Cli.Program.Name} [global options] command [command options] [arguments...]\n\n");
        text.Append($"VERSION:\n   {Build.Version}\n\nCOMMANDS:\n");
        Append(text, Verbs.All.Where(verb => !verb.Hidden).Select(verb => (verb.Name, verb.Summary)));
        text.Append("\nGLOBAL OPTIONS:\n");
        Append(text, GlobalFlags.All.Select(flag => (flag.Spelling, Explain(flag))));
        return text.ToString();
    }

    public static string Of(Verb verb)
    {
        StringBuilder text = new();
        text.Append($"NAME:\n   {Cli.Program.Name} {verb.Name} - {verb.Summary}\n\n");
        text.Append($"USAGE:\n   {Usage(verb)}\n");
        if (verb.Description.Length > 0)
        {
            text.Append("\nDESCRIPTION:\n");
            text.AppendJoin('\n', verb.Description.Select(Wrapped));
        }

        if (verb.Examples.Length > 0)
        {
            text.Append("\nEXAMPLES:\n");
            text.AppendJoin("", verb.Examples.Select(example => $"   # {example}\n"));
        }

        text.Append("\nOPTIONS:\n");
        Append(text, Visible(verb).Select(flag => (flag.Spelling, Explain(flag))));
        return text.ToString();
    }

    /// <summary><c>ception run [command options] &lt;container-id&gt;</c>.</summary>
    public static string Usage(Verb verb) => $"{Cli.Program.Name} {verb.Name} [command options] {verb.Arguments}".TrimEnd();

    public static IEnumerable<Flag> Visible(Verb verb) => [.. verb.Flags.Where(flag => !flag.Hidden), Flag.HelpFlag];

    /// <summary>The flag's sentence, and what is taken when it is not given.</summary>
    public static string Explain(Flag flag) => flag.Default is null ? flag.Help : $"{flag.Help} (default: {flag.Default})";

    private static void Append(StringBuilder text, IEnumerable<(string Left, string Right)> lines)
    {
        (string Left, string Right)[] all = [.. lines];
        int width = all.Max(line => line.Left.Length);
        foreach ((string left, string right) in all)
        {
            text.Append("   ").Append(left.PadRight(width)).Append("  ").Append(right).Append('\n');
        }
    }

    private static string Wrapped(string paragraph)
    {
        StringBuilder text = new();
        StringBuilder line = new("  ");
        foreach (string word in paragraph.Split(' '))
        {
            if (line.Length + 1 + word.Length > Width)
            {
                text.Append(line).Append('\n');
                line.Clear().Append("  ");
            }

            line.Append(' ').Append(word);
        }

        return text.Append(line).Append('\n').ToString();
    }
}
