using System.Diagnostics;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Limits that really hold, on this machine's control groups.</summary>
public sealed class LimitTests
{
    [Fact]
    public void Who_takes_more_memory_than_allowed_is_killed()
    {
        using Container container = new(new() { Memory = new() { Limit = 16 << 20, Swap = 16 << 20 } }, "memory");
        (int status, _) = container.Run("head -c 64M /dev/zero | tail -c 64M >/dev/null");

        Assert.Equal(128 + 9, status);
        Assert.True(container.Cgroup.OomKills() >= 1);
    }

    [Fact]
    public void A_fork_bomb_is_held()
    {
        using Container container = new(new() { Pids = new() { Limit = 5 } }, "pids");

        // dash gives up at once where bash tries again for half a minute.
        (_, string output) = container.Run("exec dash -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 60 >/dev/null 2>&1 & done'");

        Assert.Contains("Cannot fork", output);
    }

    [Fact]
    public void A_device_that_is_denied_cannot_be_opened()
    {
        using Container container = new(new() { Devices = [PlanTests.Deny(), PlanTests.Allow("c", 1, 3, "rw")] }, "devices");
        (int status, string output) = container.Run("echo x > /dev/null && echo fine; head -c1 /dev/zero");

        Assert.Equal(1, status);
        Assert.Contains("fine", output);
        Assert.Contains("'/dev/zero' for reading: Operation not permitted", output);
    }

    [Fact]
    public void The_files_hold_what_was_asked_for()
    {
        using Container container = new(
            new()
            {
                Cpu = new() { Quota = 50_000, Period = 100_000, Shares = 512, Cpus = "0" },
                BlockIo = new() { Weight = 300 },
            },
            "cpu", "cpuset", "blkio");

        Assert.Equal("50000", container.Read("cpu", "cpu.cfs_quota_us"));
        Assert.Equal("512", container.Read("cpu", "cpu.shares"));
        Assert.Equal("0", container.Read("cpuset", "cpuset.cpus"));
        Assert.Equal("300", container.Read("blkio", "blkio.bfq.weight"));
    }

    [Fact]
    public void Frozen_processes_stand_still_and_are_killed_all_the_same()
    {
        using Container container = new(new(), "freezer");
        using Worker worker = new(container.Cgroup, "while true; do :; done");
        worker.Go();

        container.Cgroup.Freeze();
        Assert.True(container.Cgroup.IsFrozen);
        TimeSpan before = TimeOf(worker.Pid);
        Thread.Sleep(50);
        Assert.Equal(before, TimeOf(worker.Pid));

        container.Cgroup.Thaw();
        Assert.False(container.Cgroup.IsFrozen);
        container.Cgroup.Freeze();
        container.Cgroup.KillAll(Signal.SIGKILL);
        worker.WaitForEnd();
        Assert.Empty(container.Cgroup.Processes());
    }

    [Fact]
    public void A_fork_bomb_can_be_killed_and_its_groups_removed_while_it_dies()
    {
        using Container container = new(new() { Pids = new() { Limit = 60 } }, "pids", "freezer");
        using Worker worker = new(container.Cgroup, "bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 60");
        worker.Go();
        Thread.Sleep(100);

        container.Cgroup.KillAll(Signal.SIGKILL);
        container.Cgroup.Remove();

        Assert.All(container.Cgroup.Paths.Values, path => Assert.False(Directory.Exists(path), path));
    }

    [Fact]
    public void Groups_that_the_container_made_itself_are_removed_too()
    {
        using Container container = new(new(), "pids");
        string path = container.Cgroup.Paths["pids"];
        Directory.CreateDirectory(path + "/own/deeper");
        using Worker worker = new(container.Cgroup, $"echo 0 > {path}/own/deeper/tasks; echo moved; read stay");
        worker.Go();
        Assert.Equal("moved", worker.ReadLine());

        Assert.Equal([worker.Pid], container.Cgroup.Processes());
        container.Cgroup.KillAll(Signal.SIGKILL);
        container.Cgroup.Remove();

        Assert.False(Directory.Exists(path));
    }

    private static TimeSpan TimeOf(int pid)
    {
        using Process process = Process.GetProcessById(pid);
        return process.TotalProcessorTime;
    }

    private sealed class Container : IDisposable
    {
        public Container(LinuxResources resources, params string[] controllers)
            => Cgroup = Cgroup.Create(Needs.Version1(controllers), null, "test-" + Guid.NewGuid().ToString("N")[..8], resources);

        public Cgroup Cgroup { get; }

        public string Read(string controller, string file) => File.ReadAllText($"{Cgroup.Paths[controller]}/{file}").Trim();

        public (int Status, string Output) Run(string script)
        {
            using Worker worker = new(Cgroup, script + "; status=$?; kill $(jobs -p) 2>/dev/null; exit $status");
            return worker.Finish();
        }

        public void Dispose()
        {
            Cgroup.KillAll(Signal.SIGKILL);
            Cgroup.Remove();
            Cgroup.Dispose();
        }
    }
}
