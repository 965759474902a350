using System.Text.RegularExpressions;

namespace Containerception.Conformance.Tests;

/// <summary>The system calls of one run of the runtime, as strace(1) saw them.</summary>
/// <param name="Own">The runtime's calls, in their order.</param>
/// <param name="Others">The calls of each process that it made, where they were followed.</param>
internal sealed partial record Traced(string[] Own, string[][] Others)
{
    /// <summary>The error and its hint: calls that the runtime makes only where one of the container's is hit.</summary>
    private const int WritesOfAnError = 2;

    /// <summary>Traces the runtime, which must end as expected. Followed, strace waits for the container too.</summary>
    public static Traced Run(OciRuntime runtime, string scratch, string[] arguments, bool follow = false, int status = 0)
    {
        string file = Path.Combine(scratch, "trace");
        using Command traced = runtime.StartThrough([.. Quiet, "strace", .. follow ? ["-ff"] : Array.Empty<string>(), "-s", "256", "-o", file], arguments);
        Assert.Equal(status, traced.Wait().Status);
        string[] files = follow ? Directory.GetFiles(scratch, "trace.*") : [file];
        List<string[]> calls = [.. files.Select(path => File.ReadLines(path).Where(line => CallPattern().IsMatch(line)).ToArray())];
        Array.ForEach(files, File.Delete);

        // The one that strace itself has started.
        int own = calls.FindIndex(lines => lines.Length > 0 && lines[0].StartsWith("execve(", StringComparison.Ordinal));
        return new Traced(calls[own], [.. calls.Where((_, i) => i != own)]);
    }

    /// <summary>Runs it with something done to its calls: see "inject=" in strace(1).</summary>
    public static Outcome Inject(OciRuntime runtime, string scratch, string what, string[] arguments, bool follow = false)
    {
        string errors = Path.Combine(scratch, "errors");
        using Command traced = runtime.StartThrough(
            ["/bin/sh", "-c", $"exec \"$@\" >/dev/null 2>{errors}", "sh", "strace", .. follow ? ["-f"] : Array.Empty<string>(), "-o", "/dev/null", "-e", "inject=" + what], arguments);
        return traced.Wait() with { Errors = File.ReadAllText(errors) };
    }

    /// <summary>Its output would be our pipe for as long as the container lives.</summary>
    private static string[] Quiet => ["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"];

    /// <summary>The numbers, from 1, of the runtime's calls from the first that names this: what comes before is the program's start.</summary>
    public IEnumerable<int> OwnAfter(string name)
    {
        int first = Array.FindIndex(Own, 1, line => line.Contains(name, StringComparison.Ordinal));
        Assert.True(first > 0, $"no call names {name}");
        return Enumerable.Range(first + 1, Own.Length - first);
    }

    /// <summary>The container's calls before it is the user's program, and which of their name they are: those that the runtime itself does not make so often.</summary>
    public IEnumerable<(string Name, int Nth)> OfTheChildAlone()
    {
        Dictionary<string, int> own = Own.GroupBy(NameOf).ToDictionary(group => group.Key, group => group.Count());
        IEnumerable<string> child = Others.MaxBy(calls => calls.Length)!.TakeWhile(line => !line.StartsWith("exec", StringComparison.Ordinal));
        return child.GroupBy(NameOf).SelectMany(group => Enumerable.Range(1, group.Count()).Select(nth => (group.Key, nth)))
            .Where(call => call.nth > own.GetValueOrDefault(call.Key) + (call.Key == "write" ? WritesOfAnError : 0));
    }

    /// <summary>The name of the runtime's n-th call.</summary>
    public string NameOf(int call) => NameOf(Own[call - 1]);

    private static string NameOf(string line) => line[..line.IndexOf('(', StringComparison.Ordinal)];

    [GeneratedRegex("^[a-z0-9_]+\\(")]
    private static partial Regex CallPattern();
}
