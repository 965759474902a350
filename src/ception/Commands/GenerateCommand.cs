using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception generate</c>: the documents that are made from the tables of verbs and flags.</summary>
internal static class GenerateCommand
{
    public static Verb Verb { get; } = new("generate", "print the man page, a shell's completions, or the commands or features as Markdown")
    {
        Arguments = "man|bash|zsh|fish|markdown|support",
        Description = ["Used to build and install the program's documents."],
        Examples = ["ception generate bash"],
        Hidden = true,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.Output.Write(call.Id switch
        {
            "man" => ManPage.Write(),
            "bash" => BashCompletion.Write(),
            "zsh" => ZshCompletion.Write(),
            "fish" => FishCompletion.Write(),
            "markdown" => MarkdownPage.Write(),
            "support" => SupportPage.Write(),
            _ => throw new ContainerException(FailureKind.Invalid, $"generate makes man, bash, zsh, fish, markdown or support, not \"{call.Id}\""),
        });
        return ExitCode.Fine;
    }
}
