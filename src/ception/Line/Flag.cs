namespace Containerception.Cli;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    /// <summary><c>--x</c>, <c>--x=false</c>.</summary>
    Switch,

    /// <summary><c>--x 3</c>: the last one counts.</summary>
    Number,

    /// <summary><c>--x text</c>: the last one counts.</summary>
    Text,

    /// <summary><c>--x a --x b</c>: all of them count. Commas do not split.</summary>
    Texts,
}

/// <summary>One flag of the command line. What it is called, and what help, man page and completions say of it.</summary>
/// <param name="Kind">What it takes.</param>
/// <param name="Names">Without dashes: the long one, and perhaps a short one.</param>
/// <param name="Help">A sentence without a full stop.</param>
internal sealed record Flag(FlagKind Kind, string[] Names, string Help)
{
    public static Flag HelpFlag { get; } = new(FlagKind.Switch, ["help", "h"], "show help");

    /// <summary>What is taken when it is not given; null for nothing.</summary>
    public string? Default { get; init; }

    /// <summary>The only words that it takes; null for any.</summary>
    public string[]? Choices { get; init; }

    /// <summary>The value names a file or directory, which a shell can complete.</summary>
    public bool IsPath { get; init; }

    /// <summary>Works, but is not told of.</summary>
    public bool Hidden { get; init; }

    public string Name => Names[0];

    public bool TakesValue => Kind != FlagKind.Switch;

    public static Flag Switch(string name, string help) => new(FlagKind.Switch, [name], help);

    public static Flag Switch(string name, string letter, string help) => new(FlagKind.Switch, [name, letter], help);

    public static Flag Number(string name, string help) => new(FlagKind.Number, [name], help) { Default = "0" };

    public static Flag Text(string name, string help) => new(FlagKind.Text, [name], help);

    public static Flag Text(string name, string letter, string help) => new(FlagKind.Text, [name, letter], help);

    public static Flag Path(string name, string help) => new(FlagKind.Text, [name], help) { IsPath = true };

    public static Flag Path(string name, string letter, string help) => new(FlagKind.Text, [name, letter], help) { IsPath = true };

    public static Flag Texts(string name, string help) => new(FlagKind.Texts, [name], help);

    public static Flag Texts(string name, string letter, string help) => new(FlagKind.Texts, [name, letter], help);

    /// <summary><c>--bundle value, -b value</c>.</summary>
    public string Spelling => string.Join(", ", Names.Select(name => Dashed(name) + (TakesValue ? " value" : "")));

    /// <summary><c>-b</c> or <c>--bundle</c>.</summary>
    public static string Dashed(string name) => name.Length == 1 ? "-" + name : "--" + name;
}
