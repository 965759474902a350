using System.CommandLine;
using System.Text;

namespace Containerception.Cdock;

/// <summary>The commands as a page of the documents.</summary>
internal static class MarkdownPage
{
    public static string Write(RootCommand root)
    {
        StringBuilder text = new($"# cdock\n\n{root.Description}\n");
        foreach (Command verb in Flags.Leaves(root))
        {
            text.Append($"\n## `{Flags.Usage(verb)}`\n\n{verb.Description}.\n");
            if (verb.Options.Count > 0)
            {
                text.Append("\n| flag | what it does |\n|---|---|\n");
            }

            foreach (Option option in Flags.Of(verb))
            {
                text.Append($"| `{Cell(Flags.Spelling(option))}` | {Cell(option.Description ?? "")} |\n");
            }
        }

        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
