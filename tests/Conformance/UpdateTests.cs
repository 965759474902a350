using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Limits that are changed while the container runs, on cgroup v1. What update does on v2 is tested in the virtual machine: tests/vm.</summary>
public sealed class UpdateTests : ContainerTest
{
    private const long Mega = 1 << 20;

    private int _pid;

    [Theory]
    [InlineData("--memory", "64M", "memory/memory.limit_in_bytes", "67108864")]
    [InlineData("--memory", "67108864", "memory/memory.limit_in_bytes", "67108864")]
    [InlineData("--memory-reservation", "1.5m", "memory/memory.soft_limit_in_bytes", "1572864")]
    [InlineData("--cpu-share", "512", "cpu/cpu.shares", "512")]
    [InlineData("--cpu-period", "50000", "cpu/cpu.cfs_period_us", "50000")]
    [InlineData("--cpu-quota", "30000", "cpu/cpu.cfs_quota_us", "30000")]
    [InlineData("--cpu-rt-period", "900000", "cpu/cpu.rt_period_us", "900000")]
    [InlineData("--cpu-idle", "1", "cpu/cpu.idle", "1")]
    [InlineData("--cpuset-cpus", "0", "cpuset/cpuset.cpus", "0")]
    [InlineData("--cpuset-mems", "0", "cpuset/cpuset.mems", "0")]
    [InlineData("--pids-limit", "77", "pids/pids.max", "77")]
    [InlineData("--blkio-weight", "300", "blkio/blkio.bfq.weight", "300")]
    public void A_flag_reaches_its_file(string flag, string value, string file, string expected)
    {
        Needs.CgroupV1(file.Split('/')[0]);
        Begin();
        Assert.SkipUnless(File.Exists($"{CgroupFiles.Group(_pid, file.Split('/')[0])}/{file.Split('/')[1]}"), $"needs a kernel with {file}");
        Update(flag, value);
        Assert.Equal(expected, Read(file));
        DeleteForced();
    }

    [Fact]
    public void Minus_one_is_no_limit()
    {
        Needs.CgroupV1("pids");
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 20}"""));
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"quota": 20000, "period": 50000}"""));
        Begin();
        Update("--pids-limit", "-1", "--cpu-quota", "-1");
        Assert.Equal(("max", "-1", "50000"), (Read("pids/pids.max"), Read("cpu/cpu.cfs_quota_us"), Read("cpu/cpu.cfs_period_us")));
        DeleteForced();
    }

    [Fact]
    public void Burst_comes_with_the_quota_that_it_needs()
    {
        Needs.CgroupV1("cpu");
        Begin();
        Update("--cpu-burst", "40000", "--cpu-quota", "50000");
        Assert.Equal(("50000", "40000"), (Read("cpu/cpu.cfs_quota_us"), Read("cpu/cpu.cfs_burst_us")));
        Update("--cpu-burst", "0");
        Assert.Equal("0", Read("cpu/cpu.cfs_burst_us"));
        DeleteForced();
    }

    [Fact]
    public void Memory_and_swap_go_up_and_down_together()
    {
        NeedsSwapAccounting();
        Begin();
        foreach (long size in (ReadOnlySpan<long>)[64, 256, 32])
        {
            Update("--memory", $"{size}M", "--memory-swap", $"{size * 2}M");
            Assert.Equal(($"{size * Mega}", $"{size * 2 * Mega}"), (Read("memory/memory.limit_in_bytes"), Read("memory/memory.memsw.limit_in_bytes")));
        }

        Update("--memory", "48M");
        Assert.Equal(($"{48 * Mega}", $"{64 * Mega}"), (Read("memory/memory.limit_in_bytes"), Read("memory/memory.memsw.limit_in_bytes")));
        Assert.Contains($"is the sum of memory and swap: {64 * Mega} is less than memory.limit, {65 * Mega}",
            Runtime.Invoke("update", "--memory", "65M", Id).Errors, StringComparison.Ordinal);

        Update("--memory", "-1");
        Assert.True(long.Parse(Read("memory/memory.memsw.limit_in_bytes"), provider: null) > 1L << 60, Read("memory/memory.memsw.limit_in_bytes"));
        DeleteForced();
    }

    [Fact]
    public void A_second_update_is_one_of_the_first()
    {
        NeedsSwapAccounting();
        Begin();
        Update("--memory", "64M");
        Update("--memory-swap", "128M");
        Assert.Equal(($"{64 * Mega}", $"{128 * Mega}"), (Read("memory/memory.limit_in_bytes"), Read("memory/memory.memsw.limit_in_bytes")));
        Outcome refused = Runtime.Invoke("update", "--memory-swap", "32M", Id);
        Assert.NotEqual(0, refused.Status);
        Update("--cpu-quota", "20000");
        Update("--cpu-period", "50000");
        Assert.Equal(("20000", "50000"), (Read("cpu/cpu.cfs_quota_us"), Read("cpu/cpu.cfs_period_us")));
        DeleteForced();
    }

    [Fact]
    public void What_the_kernel_refuses_leaves_all_as_it_was()
    {
        Needs.CgroupV1("cpuset");
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 20}"""));
        Begin();
        string before = Limits();
        Outcome outcome = Runtime.Invoke("update", "--memory", "64M", "--cpu-share", "100", "--cpuset-cpus", "4000", "--pids-limit", "5", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Equal(before, Limits());
        // And the next update knows nothing of it.
        Update("--pids-limit", "21");
        Assert.Equal(before[..^2] + "21", Limits());
        DeleteForced();

        string Limits() => string.Join(' ', Read("memory/memory.limit_in_bytes"), Read("cpu/cpu.shares"), Read("cpuset/cpuset.cpus"), Read("pids/pids.max"));
    }

    [Theory]
    [InlineData("-")]
    [InlineData("/dev/stdin")]
    public void A_document_comes_by_standard_input_and_may_name_disks(string from)
    {
        Needs.CgroupV1("blkio");
        string device = File.ReadAllText(Directory.GetDirectories("/sys/block").First(disk => Directory.Exists(disk + "/device") || disk.Contains("vd", StringComparison.Ordinal)) + "/dev").Trim();
        string[] number = device.Split(':');
        Begin();
        using Command update = new(
            Runtime.CommandLine("update", "--resources", from, Id),
            $$"""{"blockIO": {"throttleWriteBpsDevice": [{"rate": 1048576, "major": {{number[0]}}, "minor": {{number[1]}} }]}, "pids": {"limit": 33} }""");
        update.Wait().Succeeded();
        Assert.Equal(($"{device} 1048576", "33"), (Read("blkio/blkio.throttle.write_bps_device"), Read("pids/pids.max")));
        DeleteForced();
    }

    [Fact]
    public void The_devices_are_never_touched()
    {
        Needs.CgroupV1("devices");
        Begin();
        string before = Read("devices/devices.list");
        string file = Path.Combine(Scratch, "limits.json");
        File.WriteAllText(file, """{"devices": [{"allow": true, "access": "rwm"}], "pids": {"limit": 44}}""");
        Update("-r", file);
        Assert.Equal((before, "44"), (Read("devices/devices.list"), Read("pids/pids.max")));
        DeleteForced();
    }

    [Fact]
    public void A_container_that_waits_or_stands_still_can_be_changed()
    {
        Needs.CgroupV1("pids");
        Config.Set("process.args", new[] { "/bin/sleep", "1000" }.ToJson());
        Create().Succeeded();
        _pid = State()["pid"]!.GetValue<int>();
        Update("--pids-limit", "33");
        Assert.Equal("33", Read("pids/pids.max"));
        Runtime.Invoke("start", Id).Succeeded();
        Runtime.Invoke("pause", Id).Succeeded();
        Update("--pids-limit", "34");
        Assert.Equal("34", Read("pids/pids.max"));
        DeleteForced();
    }

    [Fact]
    public void A_container_that_has_stopped_cannot_be_changed()
    {
        Begin();
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitForStatus("stopped");
        Outcome outcome = Runtime.Invoke("update", "--pids-limit", "5", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("container not running", outcome.Errors, StringComparison.Ordinal);
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Theory]
    [InlineData("--memory", "10X")]
    [InlineData("--cpu-quota", "0x10")]
    [InlineData("--cpu-share", "1")]
    [InlineData("--cpu-idle", "2")]
    [InlineData("--pids-limit", "many")]
    [InlineData("--resources", "/no/such/file")]
    [InlineData("--l3-cache-schema", "L3:0=f")]
    [InlineData("--mem-bw-schema", "MB:0=10")]
    public void What_makes_no_sense_here_is_refused(string flag, string value)
    {
        Assert.SkipWhen(flag.Contains("schema", StringComparison.Ordinal) && Directory.Exists("/sys/fs/resctrl/info"), "needs a machine without resctrl");
        Begin();
        Assert.Equal(1, Runtime.Invoke("update", flag, value, Id).Status);
        DeleteForced();
    }

    [Fact]
    public void Kernel_memory_is_passed_over_with_a_warning()
    {
        Begin();
        Outcome outcome = Runtime.Invoke("update", "--kernel-memory", "5", Id);
        Assert.Equal(0, outcome.Status);
        Assert.Contains("Kernel memory settings are ignored", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_document_and_a_flag_are_not_given_together()
    {
        string file = Path.Combine(Scratch, "limits.json");
        File.WriteAllText(file, "{}");
        Begin();
        Outcome outcome = Runtime.Invoke("update", "-r", file, "--pids-limit", "5", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("--pids-limit cannot be given together with --resources", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void With_checkBeforeUpdate_a_limit_below_the_use_is_refused()
    {
        Needs.CgroupV1("memory");
        Begin();
        string file = Path.Combine(Scratch, "limits.json");
        File.WriteAllText(file, """{"memory": {"limit": 4096, "checkBeforeUpdate": true}}""");
        string before = Read("memory/memory.limit_in_bytes");
        Assert.Equal(1, Runtime.Invoke("update", "-r", file, Id).Status);
        Assert.Equal(before, Read("memory/memory.limit_in_bytes"));
        DeleteForced();
    }

    private static void NeedsSwapAccounting()
    {
        Needs.CgroupV1("memory");
        Needs.PathTo("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
    }

    private void Begin() => _pid = StartDetached()["pid"]!.GetValue<int>();

    private void Update(params string[] flags) => Runtime.Invoke(["update", .. flags, Id]).Succeeded();

    private string Read(string file) => CgroupFiles.Read(_pid, file);
}
