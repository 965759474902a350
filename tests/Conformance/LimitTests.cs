using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Limits on a machine with cgroup v1. What they do on v2 is tested in the virtual machine: tests/vm.</summary>
public sealed class LimitTests : ContainerTest
{
    private const long Mega = 1 << 20;

    [Fact]
    public void Too_much_memory_is_death()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{32 * Mega}}, "swap": {{32 * Mega}}}"""));
        Outcome outcome = RunArgs("/bin/probe", "hog", $"{100 * Mega}");
        Assert.Equal(137, outcome.Status);
        Assert.DoesNotContain("ok", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Enough_memory_is_enough()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{64 * Mega}}}"""));
        Assert.Equal("ok", Probe("hog", $"{20 * Mega}"));
    }

    [Theory]
    [InlineData("memory", "limit", 67108864, "memory/memory.limit_in_bytes", "67108864")]
    [InlineData("memory", "reservation", 33554432, "memory/memory.soft_limit_in_bytes", "33554432")]
    [InlineData("cpu", "shares", 512, "cpu/cpu.shares", "512")]
    [InlineData("cpu", "quota", 30000, "cpu/cpu.cfs_quota_us", "30000")]
    [InlineData("cpu", "period", 50000, "cpu/cpu.cfs_period_us", "50000")]
    [InlineData("pids", "limit", 77, "pids/pids.max", "77")]
    public void A_number_reaches_its_file(string section, string name, long value, string file, string expected)
    {
        Needs.CgroupV1(section);
        Config.Set($"linux.resources.{section}.{name}", value);
        Assert.Equal(expected, ReadOfCgroup(file));
    }

    [Fact]
    public void Swap_is_limited_together_with_memory()
    {
        Needs.CgroupV1("memory");
        Assert.SkipUnless(File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"), "needs swap accounting");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{32 * Mega}}, "swap": {{64 * Mega}}}"""));
        Assert.Equal($"{64 * Mega}", ReadOfCgroup("memory/memory.memsw.limit_in_bytes"));
    }

    /// <summary>Linux has had no other way since 5.11: there, asking for another is an error.</summary>
    [Fact]
    public void Memory_of_the_groups_below_counts_or_the_kernel_refuses()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory.useHierarchy", true);
        RunArgs("/bin/true").Succeeded();
        Config.Set("linux.resources.memory.useHierarchy", false);
        Outcome outcome = Run();
        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.resources.memory.useHierarchy", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Processors_and_memory_nodes_are_chosen()
    {
        Needs.CgroupV1("cpuset");
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"cpus": "1", "mems": "0"}"""));
        JsonNode scheduling = ProbeJson("sched");
        Assert.Equal(("1", "0"), (scheduling["cpus"]!.GetValue<string>(), scheduling["mems"]!.GetValue<string>()));
    }

    [Fact]
    public void A_fork_bomb_is_held()
    {
        Needs.CgroupV1("pids");
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 20}"""));
        Assert.InRange(int.Parse(Probe("fork-bomb", "1000"), CultureInfo.InvariantCulture), 5, 19);
    }

    [Fact]
    public void A_busy_loop_gets_its_share_of_a_processor()
    {
        Needs.CgroupV1("cpu");
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"quota": 20000, "period": 100000}"""));
        // A fifth of a processor for a second, with room for a period begun and for a busy machine.
        Assert.InRange(int.Parse(Probe("spin", "1000"), CultureInfo.InvariantCulture), 20, 450);
    }

    [Fact]
    public void A_writer_is_slowed_down()
    {
        Needs.CgroupV1("blkio");
        (string device, string folder) = Disk();
        string[] number = device.Split(':');
        Config.AddMount("/mnt", "bind", folder, "bind", "rw");
        Config.Set("linux.resources.blockIO.throttleWriteBpsDevice", new JsonArray(new JsonObject
        {
            ["major"] = int.Parse(number[0], CultureInfo.InvariantCulture),
            ["minor"] = int.Parse(number[1], CultureInfo.InvariantCulture),
            ["rate"] = Mega,
        }));
        try
        {
            Assert.Contains($"{device} {Mega}", ReadOfCgroup("blkio/blkio.throttle.write_bps_device"), StringComparison.Ordinal);
            Stopwatch watch = Stopwatch.StartNew();
            Shell("/bin/busybox dd if=/dev/zero of=/mnt/file bs=1M count=3 oflag=direct 2>/dev/null").Succeeded();
            Assert.True(watch.Elapsed > TimeSpan.FromSeconds(1.5), $"3 MB at 1 MB/s took only {watch.Elapsed.TotalSeconds} s");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_weight_that_the_kernel_lacks_is_no_silent_success()
    {
        Needs.CgroupV1("blkio");
        Config.Set("linux.resources.blockIO.weight", 500);
        // The root group has no weight: a group below it shows what the kernel has.
        string group = Directory.CreateDirectory("/sys/fs/cgroup/blkio/" + Id).FullName;
        bool has = File.Exists(group + "/blkio.weight") || File.Exists(group + "/blkio.bfq.weight");
        Command.Run("rmdir", group);
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(has, outcome.Status == 0);
    }

    [Fact]
    public void An_rdma_limit_without_the_controller_is_named()
    {
        Needs.CgroupV1("pids");
        Assert.SkipWhen(Directory.Exists("/sys/fs/cgroup/rdma"), "needs a machine without rdma");
        Config.Set("linux.resources.rdma.mlx5_1.hcaHandles", 3);
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.resources.rdma: this machine mounts no 'rdma' controller", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_of_service_without_resctrl_is_named()
    {
        Assert.SkipWhen(File.ReadAllText("/proc/self/mountinfo").Contains(" - resctrl ", StringComparison.Ordinal), "needs a machine without resctrl");
        Config.Set("linux.intelRdt.enableMonitoring", true);
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.intelRdt: no resctrl file system is mounted", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cgroup_is_the_configured_one()
    {
        Needs.CgroupV1("pids");
        Config.Set("linux.cgroupsPath", $"/{Id}/deep");
        Assert.Contains($"/{Id}/deep", Shell("cat /proc/self/cgroup").Succeeded(), StringComparison.Ordinal);
        foreach (string parent in Directory.GetDirectories("/sys/fs/cgroup").Select(path => Path.Combine(path, Id)).Where(Directory.Exists))
        {
            // The runtime takes away what it has made: the container's own. runc leaves the parent, for it may be another's.
            Command.Run("rmdir", parent);
        }
    }

    [Fact]
    public void The_process_never_runs_outside_its_cgroup()
    {
        Needs.CgroupV1("pids");
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 50}"""));
        string[] lines = Shell("cat /proc/self/cgroup").Succeeded().Split('\n');
        Assert.Contains(lines, line => line.Contains(":pids:", StringComparison.Ordinal) && line.EndsWith(Id, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(":memory:", StringComparison.Ordinal) && line.EndsWith(Id, StringComparison.Ordinal));
    }

    [Fact]
    public void A_limit_that_makes_no_sense_is_refused()
    {
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"cpus": "4711"}"""));
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    /// <summary>What a file of the container's cgroup says while the container runs.</summary>
    private string ReadOfCgroup(string file)
    {
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string controller = file.Split('/')[0];
        string line = File.ReadAllLines($"/proc/{pid}/cgroup").First(line => line.Split(':')[1].Split(',').Contains(controller));
        string text = File.ReadAllText($"/sys/fs/cgroup/{controller}{line.Split(':', 3)[2]}/{file.Split('/')[1]}").Trim();
        DeleteForced();
        return text;
    }

    /// <summary>A folder on a real disk, and the disk's number.</summary>
    private (string Device, string Folder) Disk()
    {
        string folder = Directory.CreateDirectory("/var/tmp/" + Id).FullName;
        string device = Command.Run("stat", "-c", "%Hd:%Ld", folder).Succeeded();
        // A partition is throttled by its disk.
        string block = $"/sys/dev/block/{device}";
        return (File.Exists(block + "/partition") ? File.ReadAllText(block + "/../dev").Trim() : device, folder);
    }
}
