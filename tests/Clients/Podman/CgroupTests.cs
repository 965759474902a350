using System.Text.Json;

namespace Containerception.Clients.Tests.Podmans;

/// <summary>What podman does with control groups: limits at the start and later, numbers, the freezer, none at all.</summary>
public sealed class CgroupTests(Podman podman) : PodmanTest(podman)
{
    private const string Look = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus pids/pids.max";

    [Fact]
    public void Limits_hold_from_the_start()
        => Assert.Equal(
            ["67108864", "33554432", "50000", "512", "0", "50"],
            Lines(Shell(Look, "--memory", "64m", "--memory-swap", "64m", "--memory-reservation", "32m", "--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--pids-limit", "50")));

    [Fact]
    public void Limits_can_be_changed_later()
    {
        Start("sleep 1000");
        Podman.Says("update", "--memory", "100m", "--memory-reservation", "20m", "--cpus", "0.25", "--cpu-shares", "300", "--cpuset-cpus", "0", "--pids-limit", "77", "c");
        Assert.Equal(["104857600", "20971520", "25000", "300", "0", "77"], Lines(Exec("sh", "-c", Look)));
        Podman.Says("update", "--memory", "200m", "c");
        Assert.Equal(["209715200", "20971520", "25000", "300", "0", "77"], Lines(Exec("sh", "-c", Look)));
    }

    [Fact]
    public void What_is_changed_of_podmans_own_leaves_the_limits()
    {
        Start("sleep 1000", "--memory", "64m");
        Podman.Says("update", "--restart", "always", "c");
        Assert.Equal(("always", "67108864"), (Inspect("{{.HostConfig.RestartPolicy.Name}}"), Lines(Exec("sh", "-c", Look))[0]));
    }

    [Fact]
    public void A_container_is_in_the_parent_that_was_asked_for()
        => Assert.All(Lines(Run(["--cgroup-parent", "/mine"], "grep", "-v", "^0:", "/proc/self/cgroup")), line => Assert.Contains(":/mine/libpod-", line, StringComparison.Ordinal));

    [Fact]
    public void Memory_beyond_the_limit_ends_the_container_and_podman_knows_why()
    {
        Start("tail /dev/zero", "--memory", "16m", "--memory-swap", "16m");
        Assert.Equal("137", Podman.Says("wait", "c"));
        Assert.Equal("exited true", Inspect("{{.State.Status}} {{.State.OOMKilled}}"));
    }

    [Fact]
    public void The_numbers_are_the_containers()
    {
        Start("while :; do :; done", "--memory", "64m");
        Session.Until(() => Numbers().GetProperty("cpu_time").GetString() is not (null or "" or "0s"), "processor time");
        Assert.Equal("1", Numbers().GetProperty("pids").GetString());
        string memory = Numbers().GetProperty("mem_usage").GetString()!;
        Assert.EndsWith(" / 67.11MB", memory, StringComparison.Ordinal);
        Assert.False(memory.StartsWith("0B", StringComparison.Ordinal), memory);
    }

    [Fact]
    public void A_paused_container_stands_still()
    {
        Start("while :; do echo line; sleep 0.05; done");
        Podman.Says("pause", "c");
        int written = Podman.Says("logs", "c").Length;
        Thread.Sleep(300);
        Assert.Equal(("paused", written), (Inspect("{{.State.Status}}"), Podman.Says("logs", "c").Length));
        Assert.NotEqual(0, Podman.Do("exec", "c", "true").Status);
        Podman.Says("unpause", "c");
        Session.Until(() => Podman.Says("logs", "c").Length > written, "a line after the pause");
    }

    [Fact]
    public void A_paused_container_can_be_killed_and_removed()
    {
        Start("sleep 1000");
        Podman.Says("pause", "c");
        Podman.Says("rm", "--force", "--time", "0", "c");
        Assert.Equal("", Podman.Says("ps", "--all", "--quiet"));
    }

    /// <summary>podman says <c>--cgroup-manager disabled</c> then, a word of crun's.</summary>
    [Fact]
    public void A_container_can_do_without()
    {
        Assert.SkipWhen(Session.Runtime == "runc", "runc: always makes control groups");
        Start("sleep 1000", "--cgroups=disabled");
        Assert.DoesNotContain("libpod", Exec("cat", "/proc/self/cgroup"), StringComparison.Ordinal);
        Assert.Equal("", Podman.Session.Shell("find /sys/fs/cgroup -name 'libpod-*'").Succeeded());
        Podman.Says("stop", "--time", "0", "c");
        Assert.Equal("137", Inspect("{{.State.ExitCode}}"));
    }

    [Fact]
    public void A_container_can_share_its_parents_with_conmon()
        => Assert.Equal(0, Podman.Do("run", "--rm", "--network", "none", "--cgroups=no-conmon", Podman.Image, "true").Status);

    private JsonElement Numbers()
    {
        using JsonDocument document = JsonDocument.Parse(Podman.Says("stats", "--no-stream", "--format", "json", "c"));
        return document.RootElement[0].Clone();
    }
}
