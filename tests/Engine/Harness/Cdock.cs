using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

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

    private readonly string[] _prefix;

    /// <param name="prefix">A program that starts every program of this object somewhere else, with its own words: nsenter(1).</param>
    public Cdock(params string[] prefix)
    {
        _prefix = prefix;
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

    /// <summary>What its default bridge and its table of nftables are called.</summary>
    public string KernelName => $"cdock-{Encoding.UTF8.GetBytes(Root).Aggregate(2_166_136_261u, static (hash, letter) => unchecked((hash ^ letter) * 16_777_619u)):x8}";

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
    public static int SupervisorOf(string id) => Assert.Single(ProcessesOf(id, "supervise"));

    /// <summary>The pid of what relays a container's ports; null when there is none.</summary>
    public static int? RelayOf(string id) => ProcessesOf(id, "relay") is [int pid] ? pid : null;

    private static int[] ProcessesOf(string id, string verb)
        => [.. Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse)
            .Where(pid => CommandLine(pid) is [_, string word, string path, ..] && word == verb && path.Contains(id, StringComparison.Ordinal))];

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
        string[] line = [.. _prefix, program, .. words];
        ProcessStartInfo start = new(line[0], line[1..])
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
        foreach (string id in Ids())
        {
            Outcome outcome = Do("rm", "-f", id);
            Assert.True(outcome.ExitCode == 0 || outcome.Error.Contains("no such container", StringComparison.Ordinal), $"rm -f {id}: {outcome.Error}");
        }

        ForgetNetworks();
        Until(() => Cgroups().Length == 0, $"no control group of a container is left, but {string.Join(", ", Cgroups())}");

        Assert.DoesNotContain(Root, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
        Directory.Delete(Root, recursive: true);
    }

    /// <summary>Control groups of containers, of whomever: tests run one after the other.</summary>
    public static string[] Cgroups()
        => Directory.Exists("/sys/fs/cgroup/pids/cdock") ? Directory.GetDirectories("/sys/fs/cgroup/pids/cdock") : [];

    // Bridges stay when their last container goes, and the table of the rules too. Their names are made of the directory's.
    private void ForgetNetworks()
    {
        if (!Directory.Exists(Path.Join(Root, "networks")))
        {
            return;
        }

        string[] made = Ok("network", "ls", "-q", "--no-trunc", "--filter", "type=custom").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (made.Length > 0)
        {
            Ok(["network", "rm", .. made]);
        }

        using Process process = Start("sh", ["-c", $"ip link delete {KernelName}; nft delete table inet {KernelName}"]);
        Finish(process);
    }

    public string[] Ids()
        => Directory.Exists(Path.Join(Root, "containers"))
            ? [.. Directory.EnumerateDirectories(Path.Join(Root, "containers")).Select(path => Path.GetFileName(path))]
            : [];
}
