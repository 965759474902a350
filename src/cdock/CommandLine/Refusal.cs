using System.CommandLine;
using System.CommandLine.Parsing;

namespace Containerception.Cdock;

/// <summary>Why a line was not understood, in docker's words: the parsing library's own speak of its types.</summary>
internal static class Refusal
{
    /// <param name="parsed">A line with errors.</param>
    public static UsageException Of(ParseResult parsed)
    {
        ParseError error = parsed.Errors[0];
        Command verb = parsed.CommandResult.Command;
        string name = NameOf(parsed.CommandResult);
        if (error.SymbolResult is OptionResult { Option: var option } asked)
        {
            return asked.Tokens is [.., var value]
                ? new UsageException($"invalid value \"{value.Value}\" for {option.Name}", $"use {option.Name} {option.HelpName}")
                : new UsageException($"flag needs a value: {option.Name} {option.HelpName}");
        }

        if (parsed.UnmatchedTokens is [string odd, ..])
        {
            return odd is ['-', _, ..] ? new UsageException($"unknown flag: {odd}")
                : verb.Subcommands.Count > 0 ? Unknown($"{name} {odd}")
                : Words(verb.Arguments.Count == 0 ? $"{name} accepts no arguments" : $"{name} {Needs(verb, isMost: true)}");
        }

        return Words($"{name} {Needs(verb, isMost: false)}");
    }

    /// <summary>There is no such verb.</summary>
    public static UsageException Unknown(string verb) => new($"unknown command: {verb}", "see cdock --help") { ExitCode = ExitCode.Failure };

    /// <summary>Too few words, or too many.</summary>
    public static UsageException Words(string message) => new(message) { ExitCode = ExitCode.Failure };

    private static string Needs(Command verb, bool isMost)
    {
        int least = verb.Arguments.Sum(argument => argument.Arity.MinimumNumberOfValues);
        int most = verb.Arguments.Count(argument => argument.Arity.MaximumNumberOfValues == 1);
        int count = isMost ? most : least;
        string amount = isMost ? (least == most ? "" : "at most ") : least == most && verb.Arguments.Count == most ? "" : "at least ";
        return $"requires {amount}{count} argument{(count == 1 ? "" : "s")}";
    }

    private static string NameOf(CommandResult result)
        => result.Parent is CommandResult { Parent: not null } parent ? $"{NameOf(parent)} {result.Command.Name}" : result.Command.Name;
}
