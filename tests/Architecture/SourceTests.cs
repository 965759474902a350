using System.Text.RegularExpressions;

namespace Containerception.Architecture.Tests;

/// <summary>Rules that no compiler knows.</summary>
public sealed partial class SourceTests
{
    private const int LinesMax = 400;

    // One thread: what would start another has no place in what ception is made of. docs/architecture.md says why.
    private static readonly string[] OneThreaded =
        ["src/ception", "src/Containerception.Runtime", "src/Containerception.Supervision", "src/Containerception.Cgroups", "src/Containerception.Seccomp", "src/Containerception.Oci", "src/Containerception.Linux"];

    private static readonly string[] Unsafe = ["src/Containerception.Linux", "src/Containerception.Seccomp", "src/Containerception.Images/Store", "src/Containerception.Runtime/Init"];

    private static IEnumerable<string> Sources(params string[] folders)
        => folders.SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories));

    [Fact]
    public void A_file_can_be_read_at_a_sitting()
        => Assert.DoesNotContain(Sources("src", "tests").Select(file => (File: Short(file), Lines: File.ReadLines(file).Count())), file => file.Lines > LinesMax);

    [Fact]
    public void The_runtime_starts_no_thread()
        => Assert.DoesNotContain(Matches(ThreadMakers(), OneThreaded), match => !match.Contains("NamespaceThread.cs", StringComparison.Ordinal));

    [Fact]
    public void Imports_stand_in_the_linux_layer() => Assert.DoesNotContain(Matches(Imports(), "src"), match => !Unsafe.Any(match.StartsWith));

    [Fact]
    public void Nothing_is_left_for_later()
        => Assert.DoesNotContain(Matches(Later(), "src", "tests"), match => !match.Contains("SourceTests.cs", StringComparison.Ordinal));

    [Fact]
    public void No_class_is_called_what_says_nothing() => Assert.Empty(Matches(EmptyNames(), "src", "tests"));

    private static IEnumerable<string> Matches(Regex pattern, params string[] folders)
    {
        foreach (string file in Sources(folders))
        {
            int number = 0;
            foreach (string line in File.ReadLines(file))
            {
                number++;
                if (!line.TrimStart().StartsWith("//", StringComparison.Ordinal) && pattern.IsMatch(line))
                {
                    yield return $"{Short(file)}:{number}: {line.Trim()}";
                }
            }
        }
    }

    private static string Short(string file) => Path.GetRelativePath(Repository.Root, file);

    [GeneratedRegex(@"\basync (Task|ValueTask|void)\b|\bawait\b|\bTask\.|\bThreadPool\b|new Thread\(|\bProcess\.Start\b|\bPosixSignalRegistration\b|\bConsole\.|\bnew Timer\(|\bParallel\.")]
    private static partial Regex ThreadMakers();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\(")]
    private static partial Regex Imports();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Later();

    [GeneratedRegex(@"\b(class|struct|record)\s+\w*(Helper|Helpers|Manager|Utils|Utilities)\b")]
    private static partial Regex EmptyNames();
}
