using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Containerception.Engine.Tests;

/// <summary>What a command wrote, and how it ended.</summary>
public sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string FirstError => Error.Split('\n')[0];
}

/// <summary>The published cdock, black box, on a state directory of its own that must be empty of containers in the end.</summary>
public sealed class Cdock : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public Cdock()
    {
        Needs.Root();
        Needs.PathTo(Program);
        Directory.CreateDirectory(Root);
    }

    /// <summary>The directory with the solution.</summary>
    public static string Repository { get; } = RepositoryOf();

    /// <summary>The directory with the published programs.</summary>
    public static string Out { get; } = Path.GetFullPath(Environment.GetEnvironmentVariable("CONTAINERCEPTION_OUT") ?? Path.Join(Repository, "out"));

    public static string Program { get; } = Path.Join(Out, "cdock");

    /// <summary>The runtime that is tested with: ception, unless another is named.</summary>
    public static string Runtime { get; } = Environment.GetEnvironmentVariable("CDOCK_TEST_RUNTIME") ?? "ception";

    /// <summary>$CDOCK_ROOT.</summary>
    public string Root { get; } = Path.Join(Path.GetTempPath(), $"cdock-test-{Guid.NewGuid():N}");

    private static string RepositoryOf([CallerFilePath] string file = "") => Path.GetFullPath(Path.Join(Path.GetDirectoryName(file)!, "../../.."));

    /// <summary><c>cdock run --rm</c> with flags, a root and a command.</summary>
    public Outcome Run(params string[] words) => Do(["run", "--rm", "--runtime", Runtime, .. words]);

    /// <summary>A shell script in the image <c>host</c>; flags come first.</summary>
    public Outcome Shell(string script, params string[] flags) => Run([.. flags, "host", "sh", "-c", script]);

    /// <summary>The same, of which standard output is wanted, and success.</summary>
    public string Says(string script, params string[] flags)
    {
        Outcome outcome = Shell(script, flags);
        Assert.True(outcome.ExitCode == 0, $"exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }

    public Outcome Do(params string[] words) => Do(words, input: null);

    /// <summary>The same, which must succeed: what it wrote, without the last newline.</summary>
    public string Ok(params string[] words)
    {
        Outcome outcome = Do(words);
        Assert.True(outcome.ExitCode == 0, $"cdock {string.Join(' ', words)}: exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }

    /// <summary><c>cdock run -d</c> of a shell script in the image <c>host</c>; its id.</summary>
    public string Detached(string name, string script, params string[] flags)
        => Ok(["run", "-d", "--name", name, "--runtime", Runtime, .. flags, "host", "sh", "-c", script]);

    /// <summary>What a container's supervisor says of it.</summary>
    public System.Text.Json.JsonElement Status(string id)
    {
        using System.Text.Json.JsonDocument status = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Join(Root, "containers", id, "status.json")));
        return status.RootElement.Clone();
    }

    /// <summary>The pid of a container's supervisor.</summary>
    public static int SupervisorOf(string id)
        => Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse)
            .Single(pid => CommandLine(pid) is [_, "supervise", string plan, ..] && plan.Contains(id, StringComparison.Ordinal));

    private static string[] CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    public Outcome Do(string[] words, string? input)
    {
        using Process process = Start(words, redirectsInput: input is not null);
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }

        return Finish(process);
    }

    /// <summary>Starts cdock and leaves it running.</summary>
    public Process Start(string[] words, bool redirectsInput = false) => Start(Program, words, redirectsInput);

    public Process Start(string program, string[] words, bool redirectsInput = false)
    {
        ProcessStartInfo start = new(program, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = redirectsInput,
        };
        start.Environment["CDOCK_ROOT"] = Root;
        start.Environment["PATH"] = $"{Out}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        return Process.Start(start)!;
    }

    public static Outcome Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"did not end in {Patience}: {process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}");
        }

        return new Outcome(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Waits until something is so; nothing tells when.</summary>
    public static void Until(Func<bool> holds, string what)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(watch.Elapsed < Patience, $"never: {what}");
            Thread.Sleep(20);
        }
    }

    public void Dispose()
    {
        string[] containers = Ids();
        foreach (string id in containers)
        {
            Do("rm", "-f", id);
        }

        Assert.DoesNotContain(Root, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
        Directory.Delete(Root, recursive: true);
    }

    public string[] Ids()
        => Directory.Exists(Path.Join(Root, "containers"))
            ? [.. Directory.EnumerateDirectories(Path.Join(Root, "containers")).Select(path => Path.GetFileName(path))]
            : [];
}
