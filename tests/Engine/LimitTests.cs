using System.Diagnostics;
using System.Globalization;

namespace Containerception.Engine.Tests;

public sealed class LimitTests : IDisposable
{
    private readonly Cdock _cdock = new();

    public LimitTests() => Needs.PathTo("/sys/fs/cgroup");

    [Fact]
    public void A_memory_hog_is_killed()
    {
        // tail keeps all of a line without an end.
        Assert.Equal(137, _cdock.Shell("exec tail /dev/zero", "-m", "32m").ExitCode);
        Assert.Equal("fine", _cdock.Says("echo fine", "-m32m", "--memory-swap", "-1", "--memory-reservation", "16m"));
    }

    [Fact]
    public void Only_so_many_processes_start()
    {
        Outcome outcome = _cdock.Shell("i=0; while [ $i -lt 50 ]; do sleep 2 & i=$((i+1)); done; echo all", "--pids-limit", "10");

        Assert.DoesNotContain("all", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("ork", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_busy_loop_gets_half_a_processor()
    {
        // User time of a loop that lasts two seconds: 0.5 processors are one second of it.
        string said = _cdock.Says("timeout 2 sh -c 'while :; do :; done'; awk '{ print ($16 + $17) / 100 }' /proc/1/stat", "--cpus", "0.5");

        double seconds = double.Parse(said, CultureInfo.InvariantCulture);
        Assert.InRange(seconds, 0.3, 1.3);
    }

    [Fact]
    public void A_writer_is_held_at_a_megabyte_a_second()
    {
        string? disk = Disk.BehindTemporaryFiles();
        Needs.Met(disk is not null && Path.Exists("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device"), "a disk below /tmp, and its throttle");
        string place = Directory.CreateDirectory(Path.Join(_cdock.Root, "place")).FullName;

        Stopwatch watch = Stopwatch.StartNew();
        _cdock.Says("dd if=/dev/zero of=/place/file bs=256k count=12 oflag=direct 2>&1", "-v", $"{place}:/place", "--device-write-bps", $"{disk}:1mb");

        // Three megabytes: the first goes through at once, in the throttle's first slice.
        Assert.InRange(watch.Elapsed.TotalSeconds, 1.8, 12);
    }

    [Fact]
    public void Reads_and_operations_have_their_limits_too()
    {
        string? disk = Disk.BehindTemporaryFiles();
        Needs.Met(disk is not null && Path.Exists("/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device"), "a disk below /tmp, and its throttle");

        Assert.Equal("ok", _cdock.Says(
            "echo ok", "--device-read-bps", $"{disk}:2mb", "--device-read-iops", $"{disk}:100", "--device-write-iops", $"{disk}:50"));
    }

    [Fact]
    public void The_processors_are_the_ones_asked_for()
        => Assert.Contains("Cpus_allowed_list:\t0\n", _cdock.Says("cat /proc/self/status", "--cpuset-cpus", "0") + "\n", StringComparison.Ordinal);

    [Fact]
    public void Period_and_quota_are_set_and_can_be_changed()
    {
        Needs.PathTo("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        const string Both = "cat /sys/fs/cgroup/cpu/cpu.cfs_period_us /sys/fs/cgroup/cpu/cpu.cfs_quota_us";

        Assert.Equal("50000\n20000", _cdock.Says(Both, "--cpu-period", "50000", "--cpu-quota", "20000"));

        _cdock.Detached("box", "sleep 100", "--cpu-quota", "20000");
        Assert.Equal("box", _cdock.Ok("update", "--cpu-period", "40000", "--cpu-quota", "30000", "--cpuset-mems", "0", "box"));
        Assert.Equal("40000\n30000", _cdock.Ok("exec", "box", "sh", "-c", Both));
    }

    [Fact]
    public void Nodes_of_memory_and_its_swapping_are_as_asked_for()
    {
        Needs.PathTo("/sys/fs/cgroup/memory/memory.swappiness");

        Assert.Equal("0\n10", _cdock.Says(
            "cat /sys/fs/cgroup/cpuset/cpuset.mems /sys/fs/cgroup/memory/memory.swappiness", "--cpuset-mems", "0", "--memory-swappiness", "10"));
    }

    [Fact]
    public void The_cgroup_is_below_the_one_asked_for()
    {
        string parent = "/" + Path.GetFileName(_cdock.Root);
        string said = _cdock.Says("cat /proc/self/cgroup", "--cgroup-parent", parent, "--cgroupns", "host");

        Assert.Matches($"memory:{parent}/[0-9a-f]{{64}}\n", said);
        foreach (string controller in Directory.GetDirectories("/sys/fs/cgroup").Where(path => Directory.Exists(path + parent)))
        {
            // As docker leaves it: it is whoever's asked for it.
            Directory.Delete(controller + parent);
        }
    }

    [Fact]
    public void Shares_are_set()
    {
        Needs.PathTo("/sys/fs/cgroup/cpu/cpu.shares");

        Assert.Equal("512", _cdock.Says("cat /sys/fs/cgroup/cpu/cpu.shares", "--cpu-shares", "512"));
    }

    [Theory]
    [InlineData(null, "65536")]
    [InlineData("1m", "1024")]
    public void Shared_memory_has_its_size(string? size, string kilobytes)
        => Assert.Equal(kilobytes, _cdock.Says("df -k /dev/shm | awk 'END { print $2 }'", size is null ? [] : ["--shm-size", size]));

    public void Dispose() => _cdock.Dispose();
}
