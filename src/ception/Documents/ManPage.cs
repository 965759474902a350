using System.Text;

namespace Containerception.Cli;

/// <summary>ception(8), in man(7)'s macros.</summary>
internal static class ManPage
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append($".TH CEPTION 8 \"\" \"{Program.Name} {Build.Version}\" \"System administration\"\n");
        text.Append($".SH NAME\n{Program.Name} \\- {Escaped(HelpText.About)}\n");
        text.Append($".SH SYNOPSIS\n.B {Program.Name}\n[global options] command [command options] [arguments...]\n");
        text.Append(".SH GLOBAL OPTIONS\n");
        Append(text, GlobalFlags.All);
        text.Append(".SH COMMANDS\n");
        foreach (Verb verb in Verbs.All.Where(verb => !verb.Hidden))
        {
            text.Append($".SS {Escaped(HelpText.Usage(verb))}\n{Line(verb.Summary)}\n");
            text.AppendJoin("", verb.Description.Select(paragraph => $".PP\n{Line(paragraph)}\n"));
            text.AppendJoin("", verb.Examples.Select(example => $".PP\n.nf\n.RS\n{Line(example)}\n.RE\n.fi\n"));
            Append(text, HelpText.Visible(verb));
        }

        text.Append(".SH EXIT STATUS\n0 when all is well, 1 when not, 3 for an unknown command. run and exec exit as the process does,\n");
        text.Append("with 128 and the number of the signal that killed it; exec exits with 255 when there was nothing to run.\n");
        text.Append(".SH FILES\n.TP\n.I config.json\nThe container, in the bundle.\n");
        text.Append($".TP\n.I {GlobalFlags.RootDefault}\nThe state of the containers; $XDG_RUNTIME_DIR/{Program.Name} without root.\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags)
        {
            text.Append($".TP\n.B {Escaped(flag.Spelling)}\n{Line(HelpText.Explain(flag))}\n");
        }
    }

    // A line that starts with a dot or an apostrophe would be a request to the formatter.
    private static string Line(string text) => text is ['.' or '\'', ..] ? "\\&" + Escaped(text) : Escaped(text);

    private static string Escaped(string text)
        => text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
}
