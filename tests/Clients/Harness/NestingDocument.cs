using System.Text.RegularExpressions;

namespace Containerception.Clients.Tests;

/// <summary>What docs/nesting.md tells its reader to type where other engines are: its blocks of the kind <c>console NAME</c>.</summary>
internal static class NestingDocument
{
    private static readonly string Text = File.ReadAllText(Path.Join(Repository.Root, "docs/nesting.md"));

    public static TheoryData<string> Blocks(string kind)
        => [.. Regex.Matches(Text, $"```console {kind}\n(.*?)```", RegexOptions.Singleline).Select(match => match.Groups[1].Value)];

    /// <summary>Types a block's command in the session, and compares what it says.</summary>
    public static void Holds(Session session, string block)
    {
        // One command, of which further lines may follow; the last line is what it says.
        string[] lines = block.TrimEnd('\n').Split('\n');
        Assert.StartsWith("$ ", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[^1], session.Shell(string.Join('\n', lines[..^1])[2..]).Succeeded());
    }
}
