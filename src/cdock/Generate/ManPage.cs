using System.CommandLine;
using System.Text;

namespace Containerception.Cdock;

/// <summary>cdock(1), in man(7)'s macros.</summary>
internal static class ManPage
{
    public static string Write(RootCommand root)
    {
        StringBuilder text = new();
        text.Append($".TH CDOCK 1 \"\" \"cdock {VersionCommand.Number}\" \"User commands\"\n");
        text.Append(".SH NAME\ncdock \\- make containers, look into them, end them\n");
        text.Append(".SH SYNOPSIS\n.B cdock\nCOMMAND [FLAGS] [ARGUMENTS]\n.SH COMMANDS\n");
        foreach (Command verb in Flags.Leaves(root))
        {
            text.Append($".SS {Escaped(Flags.Usage(verb))}\n{Escaped(verb.Description ?? "")}.\n");
            foreach (Argument argument in verb.Arguments)
            {
                text.Append($".TP\n.I {Escaped(argument.Name)}\n{Escaped(argument.Description ?? "")}\n");
            }

            foreach (Option option in Flags.Of(verb))
            {
                text.Append($".TP\n.B {Escaped(Flags.Spelling(option))}\n{Escaped(option.Description ?? "")}\n");
            }
        }

        text.Append(".SH EXIT STATUS\nrun and exec exit as the program does, with 128 and the number of the signal that killed it;\n");
        text.Append("with 127 when there is no such program, 126 when it cannot be executed, 125 for every other failure before it started.\n");
        text.Append("The other commands exit with 0, or with 1 when something failed; a wrong command line is 125.\n");
        text.Append(".SH FILES\n.TP\n.I /var/lib/cdock\nThe containers; $XDG_DATA_HOME/cdock without root, $CDOCK_ROOT where it is set.\n");
        return text.Append(".SH SEE ALSO\n.BR ception (8)\n").ToString();
    }

    // A line that starts with a dot or an apostrophe would be a request to the formatter.
    private static string Escaped(string text)
        => (text is ['.' or '\'', ..] ? "\\&" : "")
            + text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
}
