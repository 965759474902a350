using System.Diagnostics;
using System.Globalization;

namespace Containerception.Clients.Tests;

/// <summary>
/// A machine of its own with a client on it, and the runtimes: see tests/Clients/enter. Nothing of it outlives the tests, not even
/// when they are killed: it lasts as long as its standard input is open.
/// </summary>
internal sealed class Session : IDisposable
{
    private static readonly string Enter = Path.Join(Repository.Root, "tests/Clients/enter");

    // Well beyond what a client waits for of itself: ten seconds for a container to stop.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _holder;
    private readonly string _init;

    /// <param name="client">A name that tests/Clients/root knows.</param>
    /// <param name="cgroup">What /sys/fs/cgroup is: hybrid, v1 or v2.</param>
    public Session(string client, string cgroup = "hybrid")
    {
        Needs.Root();
        Needs.PathTo(Path.Join(Repository.Root, "out/ception"));
        Needs.PathTo(Repository.Probe);
        _holder = Process.Start(new ProcessStartInfo(Enter, ["--cgroup", cgroup, client])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _init = _holder.StandardOutput.ReadLine() ?? "";
        Assert.True(int.TryParse(_init, CultureInfo.InvariantCulture, out _), $"tests/Clients/enter {client} did not say its pid: {_init}");
    }

    /// <summary>The runtime under test: ception, or the one of the session that CONTAINERCEPTION_RUNTIME names (crun, runc).</summary>
    public static string Runtime { get; } = Environment.GetEnvironmentVariable("CONTAINERCEPTION_RUNTIME") ?? "ception";

    /// <summary>Where the host finds a file of the session.</summary>
    public string PathOf(string path) => $"/proc/{_init}/root{path}";

    public Outcome Run(params IEnumerable<string> words)
    {
        using Command command = Start(words);
        return command.Wait();
    }

    /// <summary>A script of the session's shell.</summary>
    public Outcome Shell(string script) => Run("sh", "-c", script);

    public Command Start(params IEnumerable<string> words) => new([Enter, "--join", _init, "--", .. words], patience: Patience);

    /// <summary>Waits until something is so of which nothing tells when.</summary>
    public static void Until(Func<bool> holds, string what)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(watch.Elapsed < Patience, $"never: {what}");
            Thread.Sleep(50);
        }
    }

    /// <summary>Waits until a script, which looks for what a test left, finds nothing.</summary>
    public void UntilNothing(string script)
    {
        string found;
        Stopwatch watch = Stopwatch.StartNew();
        while ((found = Shell(script).Succeeded()).Length > 0)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"left behind:\n{found}");
            Thread.Sleep(50);
        }
    }

    public void Dispose()
    {
        _holder.StandardInput.Close();
        if (!_holder.WaitForExit(Patience))
        {
            _holder.Kill(entireProcessTree: true);
        }

        _holder.Dispose();
    }
}
