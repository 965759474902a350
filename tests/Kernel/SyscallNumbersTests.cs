using System.Reflection;
using System.Text.RegularExpressions;

namespace Containerception.Kernel.Tests;

public sealed partial class SyscallNumbersTests
{
    [Fact]
    public void Numbers_are_those_of_this_machine()
    {
        Needs.Program("gcc");

        BindingFlags all = BindingFlags.Static | BindingFlags.Public;
        IEnumerable<(string Name, object Value)> numbers =
        [
            .. typeof(SyscallNumbers).GetFields(all).Select(field => (field.Name, field.GetRawConstantValue()!)),
            .. typeof(SyscallNumbers).GetProperties(all).Select(property => (property.Name, property.GetValue(null)!)),
        ];

        Compiler.Holds(["sys/syscall.h"], numbers.Select(number => Compiler.Equal(number.Name, $"{number.Value}", number.Name)));
    }

    [Theory]
    [InlineData("/usr/include", false)]
    [InlineData(Compiler.Arm64Headers, true)]
    public void Both_tables_are_those_of_the_headers(string headers, bool arm64)
    {
        Needs.Program("gcc");
        Needs.PathTo($"{headers}/linux/unistd.h");
        Needs.Met(arm64 || System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64,
            "x86-64 headers");

        // Only the source has the number of the machine that this is not.
        string[] statements = [.. Lines().Matches(Source()).Select(line => Statement(line, arm64))];

        Assert.True(statements.Length > 150, $"only {statements.Length} numbers found in the source");
        string[] options = arm64 ? ["-nostdinc", "-isystem", headers] : [];
        Compiler.Holds(["asm/unistd.h"], statements, options);
    }

    private static string Statement(Match line, bool arm64)
    {
        string name = line.Groups["name"].Value;
        string value = line.Groups["both"].Success ? line.Groups["both"].Value : line.Groups[arm64 ? "arm" : "x64"].Value;
        return $"_Static_assert(__NR_{name} == {value}, \"{name}\");";
    }

    private static string Source()
    {
        using Stream stream = typeof(SyscallNumbersTests).Assembly.GetManifestResourceStream("SyscallNumbers.cs")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"SYS_(?<name>\w+) (=> Arm64 \? (?<arm>\d+) : (?<x64>\d+)|= (?<both>\d+));")]
    private static partial Regex Lines();
}
