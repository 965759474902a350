namespace Containerception.Clients.Tests;

/// <summary>All tests of podman share one session of it, and leave it as they found it.</summary>
[CollectionDefinition(Name)]
public sealed class TestsOfPodman : ICollectionFixture<Podman>
{
    public const string Name = "podman";
}

/// <summary>A test of podman. It leaves no container, and nothing of one.</summary>
[Collection(TestsOfPodman.Name)]
public abstract class PodmanTest(Podman podman) : IDisposable
{
    private protected Podman Podman { get; } = podman;

    public void Dispose()
    {
        string left = Podman.Session.Shell($"""
            podman pod rm --all --force --time 0 >/dev/null
            podman rm --all --force --time 0 --volumes >/dev/null
            ls /run/{Session.Runtime}; find /sys/fs/cgroup -name 'libpod-*'; grep /merged /proc/mounts || :
            """).Succeeded();
        GC.SuppressFinalize(this);

        // A test that failed half-way has no right to complain of what it left.
        Assert.True(left.Length == 0 || TestContext.Current.TestState?.Result == TestResult.Failed, $"left behind:\n{left}");
    }

    /// <summary>What a command in a fresh container says; flags come before the image.</summary>
    private protected string Run(string[] flags, params string[] command) => Podman.Says(["run", "--rm", "--network", "none", .. flags, Podman.Image, .. command]);

    private protected string Shell(string script, params string[] flags) => Run(flags, "sh", "-c", script);

    /// <summary>The same, where it does not go well.</summary>
    private protected Outcome TryShell(string script, params string[] flags)
        => Podman.Do(["run", "--rm", "--network", "none", .. flags, Podman.Image, "sh", "-c", script]);

    /// <summary>A container that stays, called <c>c</c>.</summary>
    private protected void Start(string script, params string[] flags)
        => Podman.Says(["run", "--detach", "--name", "c", "--network", "none", .. flags, Podman.Image, "sh", "-c", script]);

    private protected string Exec(params string[] words) => Podman.Says(["exec", "c", .. words]);

    private protected string Inspect(string format) => Podman.Says("inspect", "--format", format, "c");

    /// <summary>The lines of what a program says, the white space in each made one space.</summary>
    private protected static string[] Lines(string text)
        => [.. text.ReplaceLineEndings("\n").Split('\n').Select(line => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))];
}
