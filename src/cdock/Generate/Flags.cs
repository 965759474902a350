using System.CommandLine;

namespace Containerception.Cdock;

/// <summary>How verbs and flags are spelled in the documents that are made from them.</summary>
internal static class Flags
{
    public static IEnumerable<Command> Verbs(Command root) => root.Subcommands.Where(verb => !verb.Hidden);

    /// <summary>The verbs, and in place of a group of verbs those of the group.</summary>
    public static IEnumerable<Command> Leaves(Command root)
        => root.Subcommands.Where(verb => !verb.Hidden).SelectMany(verb => verb.Subcommands.Count > 0 ? Leaves(verb) : [verb]);

    /// <summary><c>image rm</c>: the words that lead to a verb.</summary>
    public static string Path(Command verb)
        => verb.Parents.OfType<Command>().FirstOrDefault(parent => parent is not RootCommand) is Command group ? $"{Path(group)} {verb.Name}" : verb.Name;

    public static IEnumerable<Option> Of(Command verb)
        => verb.Options.Where(option => !option.Hidden).OrderBy(option => option.Name, StringComparer.Ordinal);

    /// <summary>The short one first: <c>-m</c>, <c>--memory</c>.</summary>
    public static IEnumerable<string> Names(Option option) => option.Aliases.Append(option.Name).OrderBy(name => name.Length);

    public static string? Value(Option option) => option.ValueType == typeof(bool) ? null : option.HelpName ?? "VALUE";

    /// <summary><c>-m, --memory SIZE</c>.</summary>
    public static string Spelling(Option option)
        => string.Join(", ", Names(option)) + (Value(option) is string value ? " " + value : "");

    /// <summary><c>cdock run [FLAGS] ROOT [COMMAND...]</c>.</summary>
    public static string Usage(Command verb)
    {
        string words = verb.Name switch
        {
            "run" => " ROOT [COMMAND [ARGUMENT...]]",
            "exec" => " CONTAINER COMMAND [ARGUMENT...]",
            _ => string.Concat(verb.Arguments.Select(Word)),
        };
        return $"cdock {Path(verb)}{(verb.Options.Count > 0 ? " [FLAGS]" : "")}{words}";
    }

    private static string Word(Argument argument)
        => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : argument.Arity.MaximumNumberOfValues == 1 ? $" {argument.Name}" : $" {argument.Name}...";
}
