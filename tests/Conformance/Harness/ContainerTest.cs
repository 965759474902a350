using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A test of whole containers. It has a bundle, a state directory of its own, and leaves nothing behind.</summary>
public abstract class ContainerTest : IDisposable
{
    private static int _count;
    private readonly Leftovers _leftovers;
    private Bundle? _bundle;

    private protected ContainerTest()
    {
        Needs.Root();
        Needs.PathTo("/bin/busybox");
        Needs.PathTo(Repository.Probe);
        KnownDifferences.SkipWhereListed();
        Id = string.Create(CultureInfo.InvariantCulture, $"conf-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        // tmpfs where there is one: the tests write two programs for each bundle.
        Scratch = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : "/tmp", Id);
        Directory.CreateDirectory(Scratch);
        Runtime = new OciRuntime(Path.Combine(Scratch, "state"), Id);
        _leftovers = new Leftovers(Id, Scratch);
    }

    /// <summary>The container's id. It is part of every name that the test gives.</summary>
    private protected string Id { get; }

    /// <summary>A folder that goes when the test does.</summary>
    private protected string Scratch { get; }

    private protected OciRuntime Runtime { get; }

    private protected Bundle Bundle => _bundle ??= new Bundle(Path.Combine(Scratch, "bundle"), Id, Runtime);

    private protected JsonObject Config => Bundle.Config;

    public void Dispose()
    {
        // A test that failed half-way has no right to complain of what it did not take away itself.
        bool failed = TestContext.Current.TestState?.Result == TestResult.Failed;
        IReadOnlyList<string> left = failed ? [] : _leftovers.Find();
        if (failed)
        {
            Runtime.Invoke("delete", "--force", Id);
        }

        _leftovers.Clear();
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
        Assert.True(left.Count == 0, $"left behind:\n{string.Join('\n', left)}");
    }

    /// <summary>Runs the bundle as it is configured.</summary>
    private protected Outcome Run(params IEnumerable<string> flags)
    {
        Bundle.Save();
        return Runtime.Invoke(["run", "--bundle", Bundle.Path, .. flags, Id]);
    }

    /// <summary>Runs a command in the bundle.</summary>
    private protected Outcome RunArgs(params string[] args)
    {
        Config.Set("process.args", args.ToJson());
        return Run();
    }

    /// <summary>Runs busybox's shell in the bundle.</summary>
    private protected Outcome Shell(string script) => RunArgs("/bin/sh", "-c", script);

    /// <summary>Asks the probe in the bundle.</summary>
    private protected string Probe(params string[] question) => RunArgs(["/bin/probe", .. question]).Succeeded();

    private protected JsonNode ProbeJson(params string[] question) => JsonNode.Parse(Probe(question))!;

    /// <summary>Starts the bundle detached, with a process that waits, and hands back what <c>state</c> says.</summary>
    private protected JsonNode StartDetached(params string[] args)
    {
        Config.Set("process.args", (args.Length == 0 ? ["/bin/sleep", "1000"] : args).ToJson());
        Bundle.Save();
        // Its output would be our pipe for as long as the container lives.
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>" + Path.Combine(Scratch, "errors"), "sh"],
            "run", "--detach", "--bundle", Bundle.Path, Id);
        Outcome outcome = run.Wait();
        Assert.True(outcome.Status == 0, outcome + File.ReadAllText(Path.Combine(Scratch, "errors")));
        return State();
    }

    private protected JsonNode State() => JsonNode.Parse(Runtime.Invoke("state", Id).Succeeded())!;

    private protected Outcome Create(params IEnumerable<string> flags)
    {
        Bundle.Save();
        using Command create = Runtime.StartThrough(
            ["/bin/sh", "-c", $"exec \"$@\" >{Path.Combine(Scratch, "output")} 2>{Path.Combine(Scratch, "errors")}", "sh"],
            ["create", "--bundle", Bundle.Path, .. flags, Id]);
        return create.Wait() with { Errors = File.ReadAllText(Path.Combine(Scratch, "errors")) };
    }

    /// <summary>What a container made by <see cref="Create"/> has said so far.</summary>
    private protected string CreatedOutput() => File.ReadAllText(Path.Combine(Scratch, "output"));

    private protected void DeleteForced() => Runtime.Invoke("delete", "--force", Id).Succeeded();

    private protected static void WaitFor(Func<bool> condition, string what)
    {
        DateTime deadline = DateTime.UtcNow + TimeSpan.FromSeconds(10);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"waited in vain for {what}");
            Thread.Sleep(5);
        }
    }

    private protected void WaitForStatus(string status) => WaitFor(() => State()["status"]!.GetValue<string>() == status, $"status {status}");
}
