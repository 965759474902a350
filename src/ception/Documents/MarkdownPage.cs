using System.Text;

namespace Containerception.Cli;

/// <summary>The chapter of docs/commands.md on this program.</summary>
internal static class MarkdownPage
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append($"## {Program.Name}\n\n`{Program.Name}` {HelpText.About}.\n\n");
        text.Append($"    {Program.Name} [global options] command [command options] [arguments...]\n\n");
        Append(text, GlobalFlags.All);
        foreach (Verb verb in Verbs.All.Where(verb => !verb.Hidden))
        {
            text.Append($"\n### {Program.Name} {verb.Name}\n\n{verb.Summary}\n\n    {HelpText.Usage(verb)}\n\n");
            text.AppendJoin("", verb.Description.Select(paragraph => Escaped(paragraph) + "\n\n"));
            if (verb.Examples.Length > 0)
            {
                text.Append("For example:\n\n").AppendJoin("", verb.Examples.Select(example => $"    {example}\n")).Append('\n');
            }

            Append(text, HelpText.Visible(verb));
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<Flag> flags)
    {
        text.Append("| option | |\n|---|---|\n");
        foreach (Flag flag in flags)
        {
            text.Append($"| `{flag.Spelling}` | {Escaped(HelpText.Explain(flag)).Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }
    }

    private static string Escaped(string text) => text.Replace("<", "&lt;", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal);
}
