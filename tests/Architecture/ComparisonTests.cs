using System.Text.RegularExpressions;

namespace Containerception.Architecture.Tests;

/// <summary>docs/comparison.md: what it says of ception is shown by tests that exist.</summary>
public sealed partial class ComparisonTests
{
    private const int Columns = 6;

    public static TheoryData<string> Rows =>
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "comparison.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| capability", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_row_names_the_tests_that_show_it(string row)
    {
        string[] cells = [.. row.Trim('|').Split('|').Select(cell => cell.Trim())];
        Assert.Equal(Columns, cells.Length);
        Assert.All(cells[1..5], cell => Assert.Contains(cell[0], "✔◐✘?"));
        string[] tests = [.. InBackquotes().Matches(cells[5]).Select(match => match.Groups[1].Value)];
        Assert.True(cells[4][0] == '✘' || tests.Length > 0, $"nothing shows: {row}");
        Assert.All(tests, test => Assert.True(
            test.Contains('/', StringComparison.Ordinal)
                ? Path.Exists(Path.Combine(Repository.Root, test))
                : Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), test + ".cs", SearchOption.AllDirectories).Any(),
            $"there are no tests {test}"));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InBackquotes();
}
