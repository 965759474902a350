using System.CommandLine;

namespace Containerception.Cdock;

/// <summary><c>cdock generate</c>, hidden: the documents that are made from the table of verbs and flags.</summary>
internal static class GenerateCommand
{
    public static Command Create(Output output, Func<RootCommand> tree)
    {
        Argument<string> kind = new("KIND");
        Command command = new("generate", "Print the man page, a shell's completions, or the commands as Markdown") { kind };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            RootCommand root = tree();
            output.Standard.Write(parsed.GetValue(kind) switch
            {
                "man" => ManPage.Write(root),
                "bash" => BashCompletion.Write(root),
                "zsh" => ZshCompletion.Write(root),
                "fish" => FishCompletion.Write(root),
                "markdown" => MarkdownPage.Write(root),
                string other => throw new UsageException($"generate makes man, bash, zsh, fish or markdown, not \"{other}\""),
                null => throw new UsageException("generate needs a kind", "man, bash, zsh, fish or markdown"),
            });
            return ExitCode.Success;
        });
        return command;
    }
}
