using System.CommandLine;

namespace Containerception.Cdock;

/// <summary>How verbs and flags are spelled in the documents that are made from them.</summary>
internal static class Flags
{
    public static IEnumerable<Command> Verbs(RootCommand root) => root.Subcommands.Where(verb => !verb.Hidden);

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
            _ => string.Concat(verb.Arguments.Select(argument => $" {argument.Name}...")),
        };
        return $"cdock {verb.Name}{(verb.Options.Count > 0 ? " [FLAGS]" : "")}{words}";
    }
}
