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
        Podman.Says("pod", "rm", "--all", "--force", "--time", "0");
        Podman.Says("rm", "--all", "--force", "--time", "0", "--volumes");
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            string look = $"ls /run/{Session.Runtime}; find /sys/fs/cgroup -name 'libpod-*'; grep /merged /proc/mounts || :";
            Assert.Equal("", Podman.Session.Shell(look).Succeeded());
        }
    }

    /// <summary>What a command in a fresh container says; flags come before the image.</summary>
    private protected string Run(string[] flags, params string[] command) => Podman.Says(["run", "--rm", "--network", "none", .. flags, Podman.Image, .. command]);

    private protected string Shell(string script, params string[] flags) => Run(flags, "sh", "-c", script);
}
