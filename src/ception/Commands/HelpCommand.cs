namespace Containerception.Cli;

/// <summary><c>ception help</c>.</summary>
internal static class HelpCommand
{
    public static Verb Verb { get; } = new("help", "show the commands, or help for one of them")
    {
        Arguments = "[command]",
        ArgumentsMin = 0,
        Description = ["The same as --help before or behind the command."],
        Examples = ["ception help run"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        if (call.Flags.Arguments is not [string name])
        {
            call.Output.Write(HelpText.Program());
            return ExitCode.Fine;
        }

        if (Verbs.Find(name) is not { } verb)
        {
            call.Log.Error($"No help topic for '{name}'", hint: null);
            return ExitCode.UnknownCommand;
        }

        call.Output.Write(HelpText.Of(verb));
        return ExitCode.Fine;
    }
}
