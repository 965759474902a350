using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Limits that are changed while they hold, on this machine's control groups.</summary>
public sealed class ChangeTests : IDisposable
{
    private const long Mega = 1 << 20;

    private Cgroup? _cgroup;

    [Fact]
    public void Memory_and_swap_are_written_in_the_order_that_the_kernel_takes()
    {
        Make("memory");
        Needs.Met(File.Exists(File_("memory", "memory.memsw.limit_in_bytes")), "swap accounting");
        foreach (long size in (ReadOnlySpan<long>)[100, 10, 1000])
        {
            _cgroup!.Change(new() { Memory = new() { Limit = size * Mega, Swap = size * Mega } });
            Assert.Equal(($"{size * Mega}", $"{size * Mega}"), (Read("memory", "memory.limit_in_bytes"), Read("memory", "memory.memsw.limit_in_bytes")));
        }
    }

    [Fact]
    public void An_idle_group_gets_shares_with_its_waking()
    {
        Make("cpu");
        _cgroup!.Change(new() { Cpu = new() { Idle = 1 } });
        CgroupException refused = Assert.Throws<CgroupException>(() => _cgroup.Change(new() { Cpu = new() { Shares = 300 } }));
        Assert.StartsWith("linux.resources.cpu.shares: write(", refused.Message);
        _cgroup.Change(new() { Cpu = new() { Shares = 300, Idle = 0 } });
        Assert.Equal(("0", "300"), (Read("cpu", "cpu.idle"), Read("cpu", "cpu.shares")));
    }

    [Fact]
    public void A_refusal_takes_back_what_was_changed_before_it()
    {
        Make("memory", "cpu", "cpuset", "blkio");
        string disk = File.ReadAllText(Directory.GetDirectories("/sys/block")[0] + "/dev").Trim();
        long[] number = [.. disk.Split(':').Select(long.Parse)];
        _cgroup!.Change(new() { BlockIo = new() { ThrottleReadBpsDevice = [new() { Major = number[0], Minor = number[1], Rate = 1000 }] } });
        string before = All();

        CgroupException refused = Assert.Throws<CgroupException>(() => _cgroup.Change(new()
        {
            Memory = new() { Limit = 20 * Mega, Reservation = 10 * Mega, Swappiness = 7, DisableOomKiller = true },
            Cpu = new() { Shares = 77, Quota = 5000, Period = 50000, Burst = 1000 },
            BlockIo = new()
            {
                Weight = 123,
                ThrottleReadBpsDevice = [new() { Major = number[0], Minor = number[1], Rate = 2000 }],
                ThrottleWriteBpsDevice = [new() { Major = number[0], Minor = number[1], Rate = 3000 }],
                ThrottleWriteIopsDevice = [new() { Major = 4095, Minor = 77, Rate = 3000 }],
            },
        }));

        Assert.StartsWith("linux.resources.blockIO.throttleWriteIOPSDevice: write(", refused.Message);
        Assert.DoesNotContain("setting back", refused.Message);
        Assert.Equal(before, All());

        string All() => string.Join(" | ",
            Read("memory", "memory.limit_in_bytes"), Read("memory", "memory.soft_limit_in_bytes"), Read("memory", "memory.swappiness"),
            Read("memory", "memory.oom_control").Split('\n')[0], Read("cpu", "cpu.shares"), Read("cpu", "cpu.cfs_quota_us"), Read("cpu", "cpu.cfs_period_us"),
            Read("cpu", "cpu.cfs_burst_us"), Read("blkio", "blkio.throttle.read_bps_device"), Read("blkio", "blkio.throttle.write_bps_device"),
            Read("blkio", "blkio.bfq.weight"));
    }

    [Fact]
    public void A_limit_below_the_use_is_refused_when_that_is_asked_for()
    {
        Make("memory");
        using Worker worker = new(_cgroup!, "read stay");
        CgroupException refused = Assert.Throws<CgroupException>(() => _cgroup!.Change(new() { Memory = new() { Limit = 4096, CheckBeforeUpdate = true } }));
        Assert.StartsWith("linux.resources.memory.limit: 4096 is not more than what ", refused.Message);
    }

    [Fact]
    public void What_is_counted_can_be_read()
    {
        Make("memory", "cpuacct", "pids");
        _cgroup!.Change(new() { Pids = new() { Limit = 9 }, Memory = new() { Limit = 50 * Mega } });
        using Worker worker = new(_cgroup, "read stay");
        CgroupStats stats = _cgroup.ReadStats();

        Assert.Equal((1UL, 9UL), (stats.Pids.Current, stats.Pids.Limit));
        Assert.Equal(50UL * (1 << 20), stats.Memory.Usage.Limit);
        Assert.InRange(stats.Memory.Usage.Usage, 1UL, 50UL * (1 << 20));
        Assert.Equal(stats.Memory.Raw.Single(one => one.Name == "cache").Value, stats.Memory.Cache);
        Assert.True(stats.Cpu.Total > 0);
        Assert.Equal(Environment.ProcessorCount, stats.Cpu.PerCpuUser.Length);
        Assert.Equal(_cgroup.Paths.ContainsKey(""), stats.Cpu.Pressure is not null);
    }

    [Fact]
    public void The_lack_of_memory_is_told_once()
    {
        Make("memory");
        _cgroup!.Change(new() { Memory = new() { Limit = 16 * Mega, Swap = 16 * Mega } });
        using OomWatch watch = _cgroup.WatchOom()!;
        Assert.False(watch.Take());
        using Worker worker = new(_cgroup, "head -c 64M /dev/zero | tail -c 64M >/dev/null");
        worker.Finish();
        using (Microsoft.Win32.SafeHandles.SafeFileHandle epoll = Epoll.Create())
        {
            Epoll.Add(epoll, watch.File, watch.Events, 1);
            Assert.Equal(1, Epoll.Wait(epoll, new EpollEvent[1], 5000));
        }

        Assert.True(watch.Take());
        Assert.False(watch.Take());
    }

    [Fact]
    public void Pressure_is_measured_where_version_2_is()
    {
        CgroupHierarchy? unified = CgroupLayout.Detect().Find("");
        Needs.Root();
        Needs.Met(unified is not null && File.Exists("/proc/pressure/cpu"), "cgroup v2 and pressure stall information");
        _cgroup = Cgroup.Create(new(CgroupMode.Unified, [unified!]), "/test-" + Guid.NewGuid().ToString("N")[..8], "x", null);
        using Worker worker = new(_cgroup, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; read stay");
        worker.Go();
        CgroupStats stats = _cgroup.ReadStats();
        for (int look = 0; stats.Cpu.Total == 0 && look < 100; look++)
        {
            Thread.Sleep(20);
            stats = _cgroup.ReadStats();
        }

        Assert.True(stats.Cpu.Total > 0);
        Assert.NotNull(stats.Cpu.Pressure);
        Assert.NotNull(stats.Io.Pressure);
        Assert.NotNull(stats.Memory.Pressure);
    }

    public void Dispose()
    {
        _cgroup?.KillAll(Signal.SIGKILL);
        _cgroup?.Remove();
        _cgroup?.Dispose();
    }

    private void Make(params string[] controllers)
        => _cgroup = Cgroup.Create(Needs.Version1(controllers), null, "test-" + Guid.NewGuid().ToString("N")[..8], new LinuxResources { Unified = ImmutableSortedDictionary<string, string>.Empty });

    private string File_(string controller, string file) => $"{_cgroup!.Paths[controller]}/{file}";

    private string Read(string controller, string file) => File.ReadAllText(File_(controller, file)).Trim();
}
