using System.Text.RegularExpressions;

namespace Containerception.Architecture.Tests;

/// <summary>docs/security.md says which test tries which attack: all of it is there.</summary>
public sealed partial class SecurityTests
{
    private static readonly string[] Sections =
        File.ReadAllText(Path.Combine(Repository.Root, "docs/security.md")).Split("\n## ");

    private static readonly string[] Methods =
        [.. new[] { "Conformance", "Engine", "Images", "Networks" }
            .SelectMany(project => Directory.GetFiles(Path.Combine(Repository.Root, "tests", project), "*.cs", SearchOption.AllDirectories))
            .SelectMany(file => Method().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)];

    private static IEnumerable<string[]> Rows => Sections.Where(section => section.Contains("| Attack |", StringComparison.Ordinal))
        .SelectMany(section => section.Split('\n')).Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Attack |", StringComparison.Ordinal))
        .Select(line => line.Trim('|', ' ').Split(" | "));

    [Fact]
    public void Every_attack_has_a_defence_that_is_a_file_and_a_test_that_is_there()
    {
        Assert.NotEmpty(Rows);
        foreach (string[] row in Rows)
        {
            Assert.Equal(3, row.Length);
            string[] files = [.. Quoted().Matches(row[1]).Select(match => match.Groups[1].Value).Where(word => word.EndsWith(".cs", StringComparison.Ordinal))];
            string[] tests = [.. Quoted().Matches(row[2]).Select(match => match.Groups[1].Value)];
            Assert.NotEmpty(files);
            Assert.NotEmpty(tests);
            Assert.All(files, file => Assert.True(
                File.Exists(Path.Combine(Repository.Root, file.StartsWith("src/", StringComparison.Ordinal) ? file : "src/Containerception.Runtime/" + file)), file));
            Assert.All(tests, test => Assert.Contains(test, Methods));
        }
    }

    [Fact]
    public void Every_test_of_a_cve_is_listed()
    {
        string[] listed = [.. Rows.SelectMany(row => Quoted().Matches(row[2])).Select(match => match.Groups[1].Value)];
        Assert.All(Methods.Where(name => name.StartsWith("CVE_", StringComparison.Ordinal)), name => Assert.Contains(name, listed));
    }

    [GeneratedRegex(@"public (?:async )?(?:void|Task) (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
