namespace Containerception.Clients.Tests;

/// <summary>docker run's and docker update's limits, and what the kernel was told.</summary>
public sealed class DockerLimitTests(Docker docker) : DockerTest(docker)
{
    private static readonly string[] Limits =
    [
        "--memory", "64m", "--memory-swap", "128m", "--memory-reservation", "32m", "--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0",
        "--pids-limit", "50",
    ];

    private const string Tell = """
        cd /sys/fs/cgroup
        echo $(cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes memory/memory.soft_limit_in_bytes \
          cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus pids/pids.max)
        """;

    [Fact]
    public void They_are_what_was_asked_for()
    {
        Needs.CgroupV1("memory");
        Assert.Equal("67108864 134217728 33554432 50000 512 0 50", Shell(Tell, Limits));
    }

    [Fact]
    public void They_change_while_it_runs()
    {
        Needs.CgroupV1("memory");
        Launch("one", Limits, "sleep", "1000");

        Docker.Says(
            "update", "--memory", "32m", "--memory-swap", "48m", "--memory-reservation", "16m", "--cpus", "0.3", "--cpu-shares", "200", "--cpuset-cpus", "0",
            "--pids-limit", "20", "one");

        Assert.Equal("33554432 50331648 16777216 30000 200 0 20", Docker.Says("exec", "one", "sh", "-c", Tell));
    }

    [Fact]
    public void Too_much_memory_is_told_as_such()
    {
        Launch("one", ["--memory", "16m", "--memory-swap", "16m"], "tail", "/dev/zero");

        UntilIt("one", "{{.State.OOMKilled}} {{.State.Status}} {{.State.ExitCode}}", "true exited 137");
    }

    [Fact]
    public void An_exec_that_takes_too_much_is_told_and_the_container_goes_on()
    {
        Launch("one", ["--memory", "32m", "--memory-swap", "32m"], "sleep", "1000");

        Assert.Equal(137, Docker.Do("exec", "one", "tail", "/dev/zero").Status);

        UntilIt("one", "{{.State.OOMKilled}} {{.State.Status}}", "true running");
    }

    [Fact]
    public void Too_many_processes_are_refused()
        => Assert.Contains("fork", Docker.Do(
            "run", "--rm", "--network", "none", "--pids-limit", "5", Docker.Image, "sh", "-c", "for i in 1 2 3 4 5 6; do sleep 1 & done; wait").Errors, StringComparison.Ordinal);

    [Fact]
    public void Ulimits_are_set()
        => Assert.Equal("100 200 0", Shell("echo $(ulimit -n) $(ulimit -Hn) $(ulimit -c)", "--ulimit", "nofile=100:200", "--ulimit", "core=0"));

    [Fact]
    public void The_score_of_the_out_of_memory_killer_is_set()
        => Assert.Equal("300", Run(["--oom-score-adj", "300"], "cat", "/proc/self/oom_score_adj"));

    [Fact]
    public void The_cgroup_may_have_another_parent()
        => Assert.Contains(":memory:/mine/", Run(["--cgroup-parent", "/mine", "--cgroupns", "host"], "cat", "/proc/self/cgroup"), StringComparison.Ordinal);

    [Fact]
    public void The_cgroup_namespace_shows_the_containers_own()
        => Assert.Contains(":memory:/\n", Run(["--cgroupns", "private"], "cat", "/proc/self/cgroup"), StringComparison.Ordinal);
}
