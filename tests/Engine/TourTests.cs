using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Containerception.Engine.Tests;

/// <summary>Types what docs/tour.md and docs/nesting.md tell their reader to type, and compares what it shows.</summary>
public sealed class TourTests : IDisposable
{
    /// <summary>Its blocks are typed by one.</summary>
    private const string OfPlainUsers = "As a plain user";

    private readonly Cdock _cdock = new();

    public static TheoryData<string, string> Blocks() => BlocksOf("tour.md");

    public static TheoryData<string, string> BlocksOfNesting() => BlocksOf("nesting.md");

    private static TheoryData<string, string> BlocksOf(string document)
    {
        TheoryData<string, string> blocks = [];
        string chapter = "";
        StringBuilder? block = null;
        foreach (string line in File.ReadLines(Path.Join(Cdock.Repository, "docs", document)))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                chapter = line[3..];
            }
            else if (line == "```console")
            {
                block = new StringBuilder();
            }
            else if (line == "```" && block is not null)
            {
                blocks.Add(chapter, block.ToString());
                block = null;
            }
            else
            {
                block?.Append(line).Append('\n');
            }
        }

        return blocks;
    }

    [Fact]
    public void The_tour_has_its_eight_stages()
        => Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Blocks().Select(block => block.Data.Item1[0] - '0').Distinct());

    [Theory]
    [MemberData(nameof(Blocks))]
    [MemberData(nameof(BlocksOfNesting))]
    public void What_the_tour_shows_is_what_happens(string chapter, string block)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        Needs.Met(!block.Contains("--device-write-bps", StringComparison.Ordinal) || Disk.BehindTemporaryFiles() is not null, "a disk below /var/tmp");
        (string script, string expected) = Split(block);

        using PlainUser? user = chapter == OfPlainUsers ? new() : null;
        using Process process = user?.StartScript(script) ?? _cdock.Start("bash", ["-c", script]);
        Outcome outcome = Cdock.Finish(process);

        Assert.True(Pattern(expected).IsMatch(outcome.Output), $"{chapter}\n{script}\n-- expected\n{expected}\n-- shown\n{outcome.Output}");
    }

    public void Dispose() => _cdock.Dispose();

    // All commands of a block in one shell, since a variable of one may serve the next; what one shows, in the order in which it comes.
    private static (string Script, string Expected) Split(string block)
    {
        StringBuilder script = new("exec 2>&1\n");
        StringBuilder expected = new();
        foreach (string line in block.TrimEnd('\n').Split('\n'))
        {
            (line.StartsWith("$ ", StringComparison.Ordinal) ? script.Append(line.AsSpan(2)) : expected.Append(line)).Append('\n');
        }

        return (script.ToString(), expected.ToString());
    }

    // A line that is … stands for any lines; within a line, … is anything on it.
    private static Regex Pattern(string expected)
    {
        string pattern = Regex.Escape(expected).Replace("\\n…\\n", "\\n(?:.*\\n)*?", StringComparison.Ordinal)
            .Replace("…", "[^\\n]*", StringComparison.Ordinal);
        return new Regex($"^{pattern}$", RegexOptions.CultureInvariant);
    }
}
