namespace Containerception.Clients.Tests;

/// <summary>All tests of docker but a few share one daemon, and leave it as they found it.</summary>
[CollectionDefinition(Name)]
public sealed class TestsOfDocker : ICollectionFixture<Docker>
{
    public const string Name = "docker";
}

/// <summary>A test of docker. It leaves no container, and nothing of one.</summary>
[Collection(TestsOfDocker.Name)]
public abstract class DockerTest(Docker docker) : IDisposable
{
    private const string Look = """
        find /run/docker /run/containerd -path '*/.@filters' -prune -o -path '*/runtime-*/moby/*' -print -o -path '*/io.containerd.runtime.v2.task/moby/*' -print
        find /sys/fs/cgroup -type d -path '*/docker/*' -not -path '*/docker/buildkit'
        grep -o ' [^ ]*/merged ' /proc/mounts || :
        """;

    private protected Docker Docker { get; } = docker;

    public void Dispose()
    {
        Docker.Session.Shell("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes").Succeeded();
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            // The shim deletes the container behind docker's back.
            Docker.Session.UntilNothing(Look);
        }
    }

    /// <summary>What a command in a fresh container says; flags come before the image.</summary>
    private protected string Run(string[] flags, params string[] command) => Docker.Says(["run", "--rm", "--network", "none", .. flags, Docker.Image, .. command]);

    private protected string Shell(string script, params string[] flags) => Run(flags, "sh", "-c", script);

    /// <summary>A container in the background with that name.</summary>
    private protected void Launch(string name, string[] flags, params string[] command)
        => Docker.Says(["run", "--detach", "--name", name, "--network", "none", .. flags, Docker.Image, .. command]);

    private protected string Inspect(string name, string format) => Docker.Says("inspect", "--format", format, name);

    private protected void UntilIt(string name, string format, string says)
        => Session.Until(() => Inspect(name, format) == says, $"{format} of {name} is {says}");
}
