namespace Containerception.Cli;

/// <summary>One word of the command line: what it takes, what it does, what is said of it.</summary>
internal sealed record Verb(string Name, string Summary)
{
    /// <summary>What stands behind the flags: <c>&lt;container-id&gt;</c>.</summary>
    public string Arguments { get; init; } = "<container-id>";

    /// <summary>Paragraphs, each on one line.</summary>
    public string[] Description { get; init; } = [];

    /// <summary>Command lines that a reader can try.</summary>
    public string[] Examples { get; init; } = [];

    public Flag[] Flags { get; init; } = [];

    /// <summary>The words that the first argument can be, where it says what to do; the container's id follows it.</summary>
    public string[] Actions { get; init; } = [];

    public int ArgumentsMin { get; init; } = 1;

    public int ArgumentsMax { get; init; } = 1;

    public FlagPlace FlagPlace { get; init; } = FlagPlace.Anywhere;

    /// <summary>Works, but is not told of.</summary>
    public bool Hidden { get; init; }

    /// <summary>What stands before the message of a failure: <c>exec failed: </c>.</summary>
    public string FailurePrefix { get; init; } = "";

    public int FailureCode { get; init; } = ExitCode.Failed;

    /// <summary>Does it; returns the exit code.</summary>
    public required Func<Invocation, int> Run { get; init; }

    /// <summary>Whether a container's id is among its arguments.</summary>
    public bool TakesContainer => Arguments.StartsWith('<') || Actions.Length > 0;

    /// <exception cref="UsageException">Too few or too many arguments.</exception>
    public void CheckArgumentCount(int count)
    {
        if (count < ArgumentsMin || count > ArgumentsMax)
        {
            string wanted = ArgumentsMax == ArgumentsMin ? $"exactly {ArgumentsMin}" : $"a minimum of {ArgumentsMin}";
            throw new UsageException($"{Program.Name}: \"{Name}\" requires {(count > ArgumentsMax && ArgumentsMax > ArgumentsMin
                ? $"a maximum of {ArgumentsMax}" : wanted)} argument(s)");
        }
    }
}
