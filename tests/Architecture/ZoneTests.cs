using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Containerception.Architecture.Tests;

/// <summary>
/// What runs between clone3 and execve calls nothing of the .NET runtime: looked for in the machine code of the published
/// program. A call through a pointer is fine: that is how the zone reaches the kernel.
/// </summary>
public sealed partial class ZoneTests
{
    private const int MethodsMin = 3;

    // Where a method with a buffer on its stack goes when it finds its canary dead: it ends the process, and never returns.
    private const string EndOfASmashedStack = "RhpFallbackFailFast";

    private static string Published => Path.Combine(
        Directory.GetDirectories(Path.Combine(Repository.Root, "artifacts/publish/ception"), "release_linux-*")[0], "ception");

    /// <summary>The types of the zone are the files of its folder that bear its name; what else is there prepares it.</summary>
    private static string[] Types => [.. Directory.GetFiles(Path.Combine(Repository.Root, "src/Containerception.Runtime/Init"), "Init*.cs")
        .Select(file => Path.GetFileNameWithoutExtension(file))];

    [Fact]
    public void No_call_leaves_the_zone()
    {
        Symbol[] symbols = Symbols();
        Symbol[] methods = [.. symbols.Where(symbol => Types.Any(type => symbol.IsMethodOf("Containerception_Runtime", type)))];

        // A guard with nothing to guard is broken.
        Assert.True(methods.Length >= MethodsMin, $"only {methods.Length} methods of {string.Join(", ", Types)} found: renamed, or inlined away?");

        // The numbers of the system calls, each a constant and a return, are held to the same rule.
        Symbol[] zone = [.. methods, .. symbols.Where(symbol => symbol.IsMethodOf("Containerception_Linux", "SyscallNumbers"))];

        List<string> escapes = [];
        foreach (Symbol method in zone)
        {
            foreach (string line in Disassemble(method))
            {
                Match jump = DirectJump().Match(line);
                ulong target = jump.Success ? Hex(jump.Groups[1].Value) : method.Start;
                string name = symbols.FirstOrDefault(symbol => symbol.Contains(target))?.Name ?? "?";
                if (!zone.Any(symbol => symbol.Contains(target)) && name != EndOfASmashedStack)
                {
                    escapes.Add($"{method.Name}: {line.Trim()}: {name}");
                }
            }
        }

        Assert.True(escapes.Count == 0, string.Join('\n', escapes));
    }

    [Fact]
    public void The_published_program_is_a_static_one_that_can_be_loaded_anywhere()
    {
        string header = Run("readelf", "--file-header", "--program-headers", "--wide", Published);
        Assert.Contains("DYN", header, StringComparison.Ordinal);
        Assert.DoesNotContain("INTERP", header, StringComparison.Ordinal);
        // No page that can be both written and executed.
        Assert.DoesNotContain("RWE", header, StringComparison.Ordinal);
    }

    /// <summary>All code, by the symbols that were split off.</summary>
    private static Symbol[] Symbols() => [.. Run("nm", "--print-size", "--defined-only", Published + ".dbg").Split('\n')
        .Select(line => line.Split(' '))
        .Where(words => words is [_, _, "t" or "T", _])
        .Select(words => new Symbol(words[3], Hex(words[0]), Hex(words[0]) + Hex(words[1])))];

    private static string[] Disassemble(Symbol method) => Run("objdump", "--disassemble", "--no-show-raw-insn",
        $"--start-address=0x{method.Start:x}", $"--stop-address=0x{method.End:x}", Published).Split('\n');

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Run(string program, params string[] arguments)
    {
        Needs.Program(program);
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    // call, jmp and the conditional jumps of x86-64; bl, b and b.cond of arm64.
    [GeneratedRegex(@"\t(?:call|jmp|j[a-z]+|bl|b|b\.[a-z]+)\s+(?:0x)?([0-9a-f]+)\b")]
    private static partial Regex DirectJump();

    private sealed record Symbol(string Name, ulong Start, ulong End)
    {
        public bool IsMethodOf(string assembly, string type) => Name.StartsWith($"{assembly}_{assembly}_{type}__", StringComparison.Ordinal);

        public bool Contains(ulong address) => address >= Start && address < End;
    }
}
