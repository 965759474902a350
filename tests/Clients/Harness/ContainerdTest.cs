namespace Containerception.Clients.Tests;

/// <summary>All tests of containerd share one daemon, and leave it as they found it.</summary>
[CollectionDefinition(Name)]
public sealed class TestsOfContainerd : ICollectionFixture<Containerd>
{
    public const string Name = "containerd";
}

/// <summary>A test of containerd. It leaves no container, and nothing of one.</summary>
[Collection(TestsOfContainerd.Name)]
public abstract class ContainerdTest(Containerd containerd) : IDisposable
{
    private const string Clear = """
        ctr tasks ls -q | while read -r id; do ctr tasks rm -f "$id"; done 2>/dev/null
        ctr containers ls -q | while read -r id; do ctr containers rm "$id"; done
        """;

    private const string Look = """
        find /run/containerd/runc -mindepth 2 -not -path '*/.@filters*' 2>/dev/null
        find /run/containerd/io.containerd.runtime.v2.task -mindepth 2
        find /sys/fs/cgroup -type d -path '*/default/*'
        grep -o ' /run/containerd[^ ]*rootfs ' /proc/mounts || :
        """;

    private protected Containerd Containerd { get; } = containerd;

    public virtual void Dispose()
    {
        Containerd.Session.Shell(Clear).Succeeded();
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            Containerd.Session.UntilNothing(Look);
        }
    }

    private protected Outcome Run(string[] flags, params string[] command)
        => Containerd.Do(["run", "--rm", "--runc-binary", Containerd.Binary, .. flags, Containerd.Image, "one", .. command]);

    private protected string Shell(string script, params string[] flags) => Run(flags, "sh", "-c", script).Succeeded();

    /// <summary>A container in the background with that name.</summary>
    private protected void Launch(string name, string[] flags, params string[] command)
        => Containerd.Says(["run", "--detach", "--runc-binary", Containerd.Binary, .. flags, Containerd.Image, name, .. command]);

    private protected string StatusOf(string name)
        => Containerd.Says("tasks", "ls").Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(row => row[0] == name)?[2] ?? "";
}
