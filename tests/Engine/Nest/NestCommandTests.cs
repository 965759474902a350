using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Containerception.Engine.Tests;

/// <summary><c>cdock nest</c>: down and back, and what comes in between.</summary>
public sealed partial class NestCommandTests : IDisposable
{
    // MAX_PID_NS_LEVEL of the kernel.
    private const int KernelsMost = 32;
    private const long MiB = 1 << 20;

    private readonly Cdock _cdock = new();

    public NestCommandTests() => Needs.Met(Cdock.Runtime == "ception", "ception");

    [Fact]
    public void Each_level_is_told_with_its_name_its_pid_and_its_limit()
    {
        Outcome outcome = _cdock.Do("nest", "3", "--memory", "100m");

        Level[] levels = Levels(outcome.Output);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("", outcome.Error);
        Assert.Equal([(1, "level-1", "100MiB"), (2, "level-2", "92MiB"), (3, "level-3", "84MiB")], levels.Select(level => (level.Number, level.Hostname, level.Memory)));
        Assert.Equal(3, levels.Select(level => level.Pid).Distinct().Count());
        Assert.Matches(@"\n3 levels in \d+\.\d s, removed in \d+\.\d s\n$", outcome.Output);
        NothingIsLeft();
    }

    [Fact]
    public void Without_a_limit_none_is_told()
        => Assert.Equal(["no limit", "no limit"], Levels(_cdock.Ok("nest", "--memory", "0", "2")).Select(level => level.Memory));

    [Fact]
    public void It_goes_down_until_the_kernel_says_no_and_comes_back()
    {
        Outcome outcome = _cdock.Do("nest");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(Enumerable.Range(1, KernelsMost), Levels(outcome.Output).Select(level => level.Number));
        Assert.Matches($@"\nthe kernel makes no level {KernelsMost + 1}: clone3\(.*ENOSPC\)\n.*user and pid namespaces nest 32 deep\n", outcome.Output);
        NothingIsLeft();
    }

    [Fact]
    public void More_levels_than_the_kernel_makes_are_a_failure()
    {
        Outcome outcome = _cdock.Do("nest", "33");

        Assert.Equal((1, "cdock: 33 levels were asked for, and there are 32"), (outcome.ExitCode, outcome.FirstError));
        NothingIsLeft();
    }

    [Fact]
    public void In_a_container_it_goes_down_by_so_many_less()
        => Assert.Equal(KernelsMost - 1, Levels(_cdock.Run("--nest", "host", "cdock", "nest").Output).Length);

    [Fact]
    public void The_kernel_knows_of_each_level_what_is_told_of_it()
    {
        using Process nest = _cdock.Start(["nest", "--memory", "300m"]);
        Level[] levels = ReadLevels(nest, 5);

        int above = NamesOf(Environment.ProcessId).Length;
        Assert.All(levels, level =>
        {
            int[] names = NamesOf(level.Pid);
            Assert.Equal((above + level.Number, level.Pid, 1), (names.Length, names[0], names[^1]));
            Assert.Equal((300 - (8 * (level.Number - 1))) * MiB, LimitOf(level.Pid));
        });
        Assert.Equal(0, Cdock.Finish(nest).ExitCode);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public void A_signal_half_way_ends_all_levels_and_leaves_nothing(string signal, int exitCode)
    {
        using Process nest = _cdock.Start(["nest"]);
        Level[] levels = ReadLevels(nest, 7);

        Command.Run("kill", $"-{signal}", $"{nest.Id}").Succeeded();
        Outcome outcome = Cdock.Finish(nest);

        Assert.Equal((exitCode, ""), (outcome.ExitCode, outcome.Error));
        Assert.InRange(7 + Levels(outcome.Output).Length, 7, KernelsMost - 1);
        Assert.DoesNotContain(levels, level => Directory.Exists($"/proc/{level.Pid}"));
        NothingIsLeft();
    }

    [Fact]
    public void A_signal_at_once_leaves_nothing_either()
    {
        // From before its first container is known to while it is being made.
        foreach (int delay in new[] { 10, 20, 30, 40, 50, 60, 80, 100 })
        {
            using Process nest = _cdock.Start(["nest", "10"]);
            nest.WaitForExit(delay);
            Command.Run("kill", "-INT", $"{nest.Id}");

            Outcome outcome = Cdock.Finish(nest);
            Assert.True(outcome is { ExitCode: 0 or 130, Error: "" }, $"after {delay} ms: exit code {outcome.ExitCode}: {outcome.Error}");
            NothingIsLeft();
        }
    }

    [Fact]
    public void With_the_third_level_end_all_below_it_and_none_above_stays()
    {
        using Process nest = _cdock.Start(["nest"]);
        Level[] levels = ReadLevels(nest, 6);

        Command.Run("kill", "-KILL", $"{levels[2].Pid}").Succeeded();
        Cdock.Until(() => levels[2..].All(level => !IsAlive(level.Pid)), "levels 3 to 6 have ended");
        Outcome outcome = Cdock.Finish(nest);

        Assert.Equal((1, "cdock: level 3 was ended by SIGKILL"), (outcome.ExitCode, outcome.FirstError));
        Assert.DoesNotContain("SIGKILL", outcome.Error[outcome.FirstError.Length..], StringComparison.Ordinal);
        NothingIsLeft();
    }

    [Fact]
    public void A_failure_half_way_is_told_once_and_leaves_nothing()
    {
        Outcome outcome = _cdock.Do("nest", "--memory", "28m");

        Assert.Equal(3, Levels(outcome.Output).Length);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Matches("^cdock: level 4: --memory: 4194304 bytes is below the least that is allowed, 6m\n(hint: .*\n)?$", outcome.Error);
        NothingIsLeft();
    }

    [Fact]
    public void Who_is_killed_leaves_what_ends_by_itself()
    {
        using Process nest = _cdock.Start(["nest"]);
        ReadLevels(nest, 2);

        Command.Run("kill", "-KILL", $"{nest.Id}").Succeeded();

        Cdock.Until(() => _cdock.Ids().Length == 0, "the first level is removed");
        NothingIsLeft();
    }

    [Theory]
    [InlineData("0", 1, "invalid value \"0\" for DEPTH")]
    [InlineData("-1", 1, "invalid value \"-1\" for DEPTH")]
    [InlineData("abc", 1, "invalid value \"abc\" for DEPTH")]
    [InlineData("1.5", 1, "invalid value \"1.5\" for DEPTH")]
    [InlineData("99999999999", 1, "invalid value \"99999999999\" for DEPTH")]
    [InlineData("--memory -1", 1, "--memory: invalid size \"-1\"")]
    [InlineData("1 2", 1, "nest requires at most 1 argument")]
    [InlineData("--memory lots", 1, "--memory: invalid size \"lots\"")]
    [InlineData("--memory", 125, "flag needs a value: --memory SIZE")]
    [InlineData("--memory 1m", 1, "level 1: --memory: 1048576 bytes is below the least that is allowed, 6m")]
    public void A_wrong_line_is_refused(string words, int exitCode, string told)
    {
        Outcome outcome = _cdock.Do(["nest", .. words.Split(' ')]);

        Assert.Equal((exitCode, $"cdock: {told}", ""), (outcome.ExitCode, outcome.FirstError, outcome.Output));
    }

    public void Dispose() => _cdock.Dispose();

    private void NothingIsLeft()
    {
        Assert.Empty(_cdock.Ids());
        string volumes = Path.Join(_cdock.Root, "volumes");
        Assert.True(!Directory.Exists(volumes) || Directory.GetDirectories(volumes).Length == 0);
        Assert.DoesNotContain(Directory.GetDirectories("/proc"), process => Mentions(process, _cdock.Root));
    }

    private static Level[] ReadLevels(Process nest, int count)
        => Levels(string.Concat(Enumerable.Range(0, count).Select(_ => nest.StandardOutput.ReadLine() + "\n")));

    private static Level[] Levels(string output) =>
    [
        .. LevelLine().Matches(output).Select(line => new Level(
            int.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture), line.Groups[2].Value, int.Parse(line.Groups[3].Value, CultureInfo.InvariantCulture), line.Groups[4].Value)),
    ];

    /// <summary>The numbers of a process, from the top down.</summary>
    private static int[] NamesOf(int pid)
        => [.. File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[1..].Select(int.Parse)];

    /// <summary>The limit of the container that a process is the first of: its group has none, the one above has.</summary>
    private static long LimitOf(int pid)
    {
        string[] groups = File.ReadAllLines($"/proc/{pid}/cgroup");
        (string root, string file, string mark) = groups.Any(line => line.Contains(":memory:", StringComparison.Ordinal))
            ? ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", ":memory:")
            : ("/sys/fs/cgroup", "memory.max", "0::");
        string group = groups.First(line => line.Contains(mark, StringComparison.Ordinal));
        string path = root + group[(group.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];
        string container = path[..path.LastIndexOf("/nest", StringComparison.Ordinal)];
        return long.Parse(File.ReadAllText(Path.Join(container, file)), CultureInfo.InvariantCulture);
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool Mentions(string process, string text)
    {
        try
        {
            return File.ReadAllText(Path.Join(process, "cmdline")).Contains(text, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed record Level(int Number, string Hostname, int Pid, string Memory);

    [GeneratedRegex(@"^level (\d+) +(level-\d+) +pid (\d+) +memory ([0-9.]+MiB|no limit) +\d+ ms$", RegexOptions.Multiline)]
    private static partial Regex LevelLine();
}
