namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman build, and buildah run: each RUN is a container.</summary>
public sealed class BuildTests(Podman podman) : PodmanTest(podman)
{
    // buildah asks for more than a machine may have to give.
    private static readonly string[] Limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];

    [Fact]
    public void An_image_is_built()
    {
        Build("built", """
            FROM box
            RUN echo built >/built && id -u
            COPY given /given
            USER ann
            WORKDIR /home/ann
            RUN id -un && pwd && cat /given && ! touch /root/x
            RUN --mount=type=cache,dst=/cache,uid=1234 touch /cache/y
            ENTRYPOINT ["cat"]
            CMD ["/built", "/given"]
            """);
        Assert.Equal("built\ngiven", Podman.Says("run", "--rm", "--network", "none", "built"));
        Podman.Says("rmi", "built");
    }

    [Fact]
    public void A_command_that_fails_ends_the_build_with_its_status()
        => Assert.Equal(9, TryBuild("failed", "FROM box\nRUN exit 9\n").Status);

    [Fact]
    public void Limits_and_capabilities_hold_in_a_build()
    {
        string said = Build("limited", "FROM box\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ulimit -n; grep CapEff /proc/self/status\n", "--memory", "64m", "--cap-drop", "all", "--cap-add", "sys_ptrace");
        Assert.Contains("67108864\n1024\nCapEff:\t0000000000080000\n", said, StringComparison.Ordinal);
        Podman.Says("rmi", "limited");
    }

    [Fact]
    public void Buildah_runs_a_command_in_what_it_builds()
    {
        string runtime = Podman.Session.Shell($"command -v {Session.Runtime}").Succeeded();
        string made = Podman.Session.Run(["buildah", "from", "--pull-never", .. Limits, Podman.Image]).Succeeded();
        Outcome outcome = Podman.Session.Run("buildah", "run", "--network", "none", "--isolation", "oci", "--runtime", runtime, made, "sh", "-c", "echo inside; exit 4");
        Podman.Session.Run("buildah", "rm", made).Succeeded();
        Assert.Equal((4, "inside\n"), (outcome.Status, outcome.Output));
    }

    private string Build(string name, string text, params string[] flags)
    {
        Outcome outcome = TryBuild(name, text, flags);
        Assert.True(outcome.Status == 0, outcome.ToString());
        return outcome.Output;
    }

    private Outcome TryBuild(string name, string text, params string[] flags)
    {
        Directory.CreateDirectory(Podman.Session.PathOf("/tmp/build"));
        File.WriteAllText(Podman.Session.PathOf("/tmp/build/Containerfile"), text);
        File.WriteAllText(Podman.Session.PathOf("/tmp/build/given"), "given\n");
        return Podman.Do(["build", "--network", "none", "--tag", name, .. Limits, .. flags, "/tmp/build"]);
    }
}
