using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Limits as lists of file writes, for both versions, on any machine.</summary>
public sealed class PlanTests
{
    [Fact]
    public void Version_1_gets_memory_before_memory_and_swap()
        => Assert.Equal(
            ["memory.limit_in_bytes = 1000", "memory.memsw.limit_in_bytes = 3000", "memory.soft_limit_in_bytes = 500", "memory.swappiness = 7", "memory.oom_control = 0"],
            V1(new() { Memory = new() { Limit = 1000, Swap = 3000, Reservation = 500, Swappiness = 7, Kernel = 5, DisableOomKiller = false } }));

    [Fact]
    public void Counting_what_is_below_is_all_that_there_is()
    {
        Assert.Equal(["memory.use_hierarchy = 1"], V1(new() { Memory = new() { UseHierarchy = true } }));
        Assert.Equal(["memory.use_hierarchy = 0"], V1(new() { Memory = new() { UseHierarchy = false } }));
        Assert.Empty(V2(new() { Memory = new() { UseHierarchy = true } }));
        Fails(
            "linux.resources.memory.useHierarchy: in cgroup v2 a group always counts what the groups in it use",
            () => LimitsV2.Compile(new() { Memory = new() { UseHierarchy = false } }));
    }

    /// <summary>The specification has no field of its own for it.</summary>
    [Fact]
    public void The_resources_of_the_misc_controller_are_limited_by_their_file()
    {
        Assert.Equal(["misc.max = sev 3"], V2(new() { Unified = Map(("misc.max", "sev 3")) }));
        Assert.Equal("misc", Assert.Single(LimitsV2.Compile(new() { Unified = Map(("misc.max", "sev 3")) })).Controller);
    }

    [Fact]
    public void Version_2_gets_swap_without_memory()
        => Assert.Equal(
            ["memory.max = 1000", "memory.swap.max = 2000", "memory.low = 500"],
            V2(new() { Memory = new() { Limit = 1000, Swap = 3000, Reservation = 500 } }));

    [Theory]
    [InlineData(-1L, null, "memory.max = max, memory.swap.max = max")]
    [InlineData(-1L, 5L, "memory.max = max, memory.swap.max = 5")]
    [InlineData(5L, -1L, "memory.max = 5, memory.swap.max = max")]
    [InlineData(5L, 5L, "memory.max = 5, memory.swap.max = 0")]
    [InlineData(5L, null, "memory.max = 5")]
    [InlineData(0L, 0L, "")]
    public void Swap_on_version_2_is_what_the_sum_leaves(long limit, long? swap, string expected)
        => Assert.Equal(expected, string.Join(", ", V2(new() { Memory = new() { Limit = limit, Swap = swap } })));

    [Theory]
    [InlineData(2UL, 1UL)]
    [InlineData(1024UL, 100UL)]
    [InlineData(262_144UL, 10_000UL)]
    public void Shares_become_the_weight_that_means_the_same(ulong shares, ulong weight) => Assert.Equal(weight, LimitsV2.WeightOf(shares));

    [Fact]
    public void Processor_time_is_two_files_in_version_1_and_one_in_version_2()
    {
        LinuxResources resources = new() { Cpu = new() { Shares = 512, Quota = 50_000, Period = 100_000, Burst = 1000, Cpus = "0-1", Mems = "0" } };

        Assert.Equal(
            ["cpu.shares = 512", "cpu.cfs_period_us = 100000", "cpu.cfs_quota_us = 50000", "cpu.cfs_burst_us = 1000", "cpuset.cpus = 0-1", "cpuset.mems = 0"],
            V1(resources));
        Assert.Equal(["cpu.weight = 59", "cpu.max = 50000 100000", "cpu.max.burst = 1000", "cpuset.cpus = 0-1", "cpuset.mems = 0"], V2(resources));
        Assert.Equal(["cpu.max = max 5000"], V2(new() { Cpu = new() { Quota = -1, Period = 5000 } }));
    }

    [Theory]
    [InlineData(-1, "max")]
    [InlineData(0, "1")]
    [InlineData(64, "64")]
    public void A_limit_of_processes_is_never_none_at_all(long limit, string expected)
    {
        Assert.Equal([$"pids.max = {expected}"], V1(new() { Pids = new() { Limit = limit } }));
        Assert.Equal([$"pids.max = {expected}"], V2(new() { Pids = new() { Limit = limit } }));
    }

    [Fact]
    public void Rates_of_one_disk_are_four_files_in_version_1_and_one_line_in_version_2()
    {
        LinuxResources resources = new()
        {
            BlockIo = new()
            {
                ThrottleReadBpsDevice = [new() { Major = 8, Rate = 1 }],
                ThrottleWriteBpsDevice = [new() { Major = 8, Rate = 2 }, new() { Major = 9, Rate = 5 }],
                ThrottleReadIopsDevice = [new() { Major = 8, Rate = 3 }],
                ThrottleWriteIopsDevice = [new() { Major = 8, Rate = 0 }],
            },
        };

        Assert.Equal(
            [
                "blkio.throttle.read_bps_device = 8:0 1", "blkio.throttle.write_bps_device = 8:0 2, 9:0 5",
                "blkio.throttle.read_iops_device = 8:0 3", "blkio.throttle.write_iops_device = 8:0 0",
            ],
            V1(resources));
        Assert.Equal(["io.max = 8:0 rbps=1 wbps=2 riops=3 wiops=max, 9:0 wbps=5"], V2(resources));
    }

    [Fact]
    public void Rdma_devices_are_a_line_each_in_both_versions()
    {
        LinuxResources resources = new()
        {
            Rdma = System.Collections.Immutable.ImmutableSortedDictionary<string, RdmaLimits>.Empty
                .Add("mlx5_1", new() { HcaHandles = 3, HcaObjects = 10000 }).Add("rxe3", new() { HcaObjects = 0 }),
        };

        Assert.Equal(["rdma.max = mlx5_1 hca_handle=3 hca_object=10000, rxe3 hca_object=0"], V1(resources));
        Assert.Equal(V1(resources), V2(resources));
    }

    [Fact]
    public void What_is_switched_off_is_said_too()
    {
        LinuxResources resources = new() { Cpu = new() { Idle = 0, Burst = 0 } };

        Assert.Equal(["cpu.cfs_burst_us = 0", "cpu.idle = 0"], V1(resources));
        Assert.Equal(["cpu.idle = 0", "cpu.max.burst = 0"], V2(resources));
    }

    [Fact]
    public void Weights_go_where_the_scheduler_is()
    {
        LinuxResources resources = new() { BlockIo = new() { Weight = 500, WeightDevice = [new() { Major = 8, Weight = 1000 }] } };

        CgroupWrite v2 = Assert.Single(LimitsV2.Compile(resources));
        Assert.Equal("io.bfq.weight = 500, 8:0 1000", v2.ToString());
        Assert.Equal("io.weight = default 4950, 8:0 10000", v2.Otherwise!.ToString());
        Assert.Equal(["blkio.weight = 500", "blkio.weight_device = 8:0 1000"], V1(resources));
    }

    [Fact]
    public void Unified_files_come_last_line_by_line()
        => Assert.Equal(
            ["memory.max = 5", "io.max = 8:0 rbps=1, 8:16 rbps=2", "memory.high = 4"],
            V2(new() { Memory = new() { Limit = 5 }, Unified = Map(("memory.high", "4"), ("io.max", "8:0 rbps=1\n8:16 rbps=2\n")) }));

    [Fact]
    public void Device_rules_become_version_1s_list()
    {
        Assert.Equal(
            ["devices.deny = a", "devices.allow = c 1:3 rwm, c 136:* rw"],
            V1(new() { Devices = [Deny(), Allow("c", 1, 3, "rwm"), Allow("c", 136, null, "rw")] }));
        Assert.Equal(["devices.deny = b 8:0 w"], V1(new() { Devices = [Allow(null, null, null, null), Deny("b", 8, 0, "w")] }));
        Assert.Equal(["devices.deny = a", "devices.allow = c *:* m, b *:* m"], V1(new() { Devices = [Deny(), Allow("a", null, null, "m")] }));
        Assert.Equal(["devices.deny = a", "devices.allow = c 1:3 r"], V1(new() { Devices = [Deny(), Allow("c", 1, 3, "rw"), Deny("c", 1, null, "w")] }));
        Assert.Empty(V1(new()));
    }

    [Fact]
    public void What_version_1_cannot_hold_is_refused_rather_than_left_open()
        => Fails("linux.resources.devices[2]: cgroup v1 cannot take c 1:3 out of c *:*, which an earlier rule names",
            () => V1(new() { Devices = [Deny(), Allow("c", null, null, "rwm"), Deny("c", 1, 3, "w")] }));

    [Fact]
    public void Every_mistake_is_named_with_its_field()
    {
        Fails("linux.resources.memory.swap: is the sum of memory and swap: 4 is less than memory.limit, 5", () => V2(new() { Memory = new() { Limit = 5, Swap = 4 } }));
        Fails("linux.resources.memory.swap: is the sum of memory and swap, and needs memory.limit", () => V1(new() { Memory = new() { Swap = 4 } }));
        Fails("linux.resources.memory.limit: must be -1 or more, not -2", () => V1(new() { Memory = new() { Limit = -2 } }));
        Fails("linux.resources.memory.swappiness: must be 0 to 100, not 101", () => V1(new() { Memory = new() { Swappiness = 101 } }));
        Fails("linux.resources.memory.swappiness: cgroup v2 has no such limit", () => V2(new() { Memory = new() { Swappiness = 1 } }));
        Fails("linux.resources.cpu.shares: the minimum allowed cpu-shares is 2, not 1", () => V1(new() { Cpu = new() { Shares = 1 } }));
        Fails("linux.resources.cpu.cpus: must be a list like 0-3,7, not \"../x\"", () => V1(new() { Cpu = new() { Cpus = "../x" } }));
        Fails("linux.resources.blockIO.weight: must be 10 to 1000, not 9", () => V1(new() { BlockIo = new() { Weight = 9 } }));
        Fails("linux.resources.hugepageLimits[0].pageSize: must be a size like 2MB, 1GB or 64KB, not \"/../2MB\"",
            () => V2(new() { HugepageLimits = [new() { PageSize = "/../2MB" }] }));
        Fails("linux.resources.unified: has files of cgroup v2, and this machine uses cgroup v1", () => V1(new() { Unified = Map(("memory.high", "1")) }));
        Fails("linux.resources.unified: \"../memory.max\" is not the name of a control group file", () => V2(new() { Unified = Map(("../memory.max", "1")) }));
        Fails("linux.resources.network.classID: cgroup v2 has no such limit", () => V2(new() { Network = new() { ClassId = 1 } }));
        Fails("linux.resources.devices[0].type: must be a, b or c, not \"p\"", () => V1(new() { Devices = [Allow("p", 1, 1, "r")] }));
        Fails("linux.resources.devices[0].access: must be letters of rwm, not \"rx\"", () => V1(new() { Devices = [Allow("c", 1, 1, "rx")] }));
    }

    [Theory]
    [InlineData("/a/b", "a/b")]
    [InlineData("/a/../../b//./c/", "b/c")]
    [InlineData("/../../..", "")]
    public void A_path_never_leads_above_the_mount_point(string path, string expected) => Assert.Equal(expected, CgroupPath.Clean(path));

    internal static DeviceRule Allow(string? type, long? major, long? minor, string? access)
        => new() { Allow = true, Type = type, Major = major, Minor = minor, Access = access };

    internal static DeviceRule Deny(string? type = null, long? major = null, long? minor = null, string? access = "rwm")
        => new() { Allow = false, Type = type, Major = major, Minor = minor, Access = access };

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs)
        => System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(pairs.Select(p => KeyValuePair.Create(p.Key, p.Value)));

    private static string[] V1(LinuxResources resources) => [.. LimitsV1.Compile(resources).Select(write => write.ToString())];

    private static string[] V2(LinuxResources resources) => [.. LimitsV2.Compile(resources).Select(write => write.ToString())];

    private static void Fails(string message, Func<object> compile) => Assert.Equal(message, Assert.Throws<ConfigException>(compile).Message);
}
