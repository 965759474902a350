using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Containerception.Architecture.Tests;

/// <summary>What the documents say is there, and what they tell a reader to type works.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "bench"), "*.md"),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void It_has_one_title(string document)
        => Assert.Single(Text(document).Split('\n'), line => line.StartsWith("# ", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Documents))]
    public void Its_links_lead_somewhere(string document)
    {
        foreach (Match link in Link().Matches(Text(document)))
        {
            string target = link.Groups[1].Value.Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            {
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, target)), $"{Path.GetFileName(document)} links to {target}");
            }
        }
    }

    public static TheoryData<string> Commands => [.. CommandsOf(Path.Combine(Repository.Root, "README.md"))];

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_of_the_readme_works(string command)
    {
        // A target of make is looked at, for the tests are one of them. The rest is run.
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is ["cd" or "git", ..])
        {
            return;
        }

        string run = words[0] is "make" or "sudo" ? $"{command.Replace("sudo ", "", StringComparison.Ordinal)} --dry-run" : command;
        Assert.Equal(0, Shell($"PATH={Repository.Root}/out:$PATH; {run}"));
    }

    /// <summary>The lines of blocks marked as sh.</summary>
    private static IEnumerable<string> CommandsOf(string document)
    {
        foreach (Match block in ShellBlock().Matches(File.ReadAllText(document)))
        {
            foreach (string line in block.Groups[1].Value.Split('\n').Select(line => line.Split(" #")[0].Trim()).Where(line => line.Length > 0))
            {
                yield return line;
            }
        }
    }

    [Fact]
    public void The_command_reference_is_what_the_programs_say()
        => Assert.Equal(0, Shell("build/reference | cmp - docs/commands.md"));

    [Fact]
    public void The_page_on_what_is_supported_is_what_the_program_says()
        => Assert.Equal(0, Shell("out/ception generate support | cmp - docs/support.md"));

    private static int Shell(string script)
    {
        ProcessStartInfo start = new("/bin/sh", ["-c", script])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(2)), script);
        return process.ExitCode;
    }

    /// <summary>A document without its code, in which a hash or a bracket means something else.</summary>
    private static string Text(string document) => CodeBlock().Replace(File.ReadAllText(document), "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
