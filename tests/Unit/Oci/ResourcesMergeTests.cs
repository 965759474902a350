using System.Collections.Immutable;
using System.Text;
using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

/// <summary>Limits that are changed: what becomes of the old ones, and what the kernel is told.</summary>
public sealed class ResourcesMergeTests
{
    private static readonly LinuxResources Old = new()
    {
        Devices = [new() { Allow = false, Access = "rwm" }],
        Memory = new() { Limit = 100, Swap = 200 },
        Cpu = new() { Quota = 5000, Period = 10000, Shares = 7, Idle = 1 },
        Pids = new() { Limit = 3 },
        BlockIo = new() { ThrottleReadBpsDevice = [new() { Major = 8, Rate = 1 }, new() { Major = 9, Rate = 2 }] },
        HugepageLimits = [new() { PageSize = "2MB", Limit = 4 }, new() { PageSize = "1GB", Limit = 5 }],
        Unified = ImmutableSortedDictionary<string, string>.Empty.Add("memory.high", "1"),
    };

    [Fact]
    public void What_is_not_said_stays()
    {
        LinuxResources now = Old.With(new() { Memory = new() { Limit = 50 }, Cpu = new() { Quota = 0, Idle = 0 } });
        Assert.Equal(new MemoryLimits { Limit = 50, Swap = 200 }, now.Memory);
        Assert.Equal(new CpuLimits { Quota = 5000, Period = 10000, Shares = 7, Idle = 0 }, now.Cpu);
        Assert.Equal(3, now.Pids!.Limit);
        Assert.Equal(Old.Devices, now.Devices);
    }

    [Fact]
    public void Devices_and_sizes_are_changed_one_by_one()
    {
        LinuxResources now = Old.With(new()
        {
            Devices = [new() { Allow = true }],
            BlockIo = new() { ThrottleReadBpsDevice = [new() { Major = 9, Rate = 3 }] },
            HugepageLimits = [new() { PageSize = "2MB", Limit = 6 }],
            Unified = ImmutableSortedDictionary<string, string>.Empty.Add("memory.min", "2"),
        });
        Assert.Equal([new() { Major = 8, Rate = 1 }, new() { Major = 9, Rate = 3 }], now.BlockIo!.ThrottleReadBpsDevice);
        Assert.Equal(["1GB 5", "2MB 6"], now.HugepageLimits.Select(limit => $"{limit.PageSize} {limit.Limit}"));
        Assert.Equal(["memory.high", "memory.min"], now.Unified.Keys);
        Assert.Equal(Old.Devices, now.Devices);
    }

    [Fact]
    public void No_limit_of_memory_is_none_of_swap()
        => Assert.Equal(new MemoryLimits { Limit = -1, Swap = -1 }, Old.With(new() { Memory = new() { Limit = -1 } }).Memory);

    [Fact]
    public void The_kernel_is_told_what_belongs_together()
    {
        LinuxResources told = new LinuxResources { Memory = new() { Swap = 300 }, Cpu = new() { Period = 20000 }, Devices = Old.Devices }.ChangesOf(Old);
        Assert.Equal(new MemoryLimits { Limit = 100, Swap = 300 }, told.Memory);
        Assert.Equal(new CpuLimits { Quota = 5000, Period = 20000 }, told.Cpu);
        Assert.Equal(new MemoryLimits { Limit = 80, Swap = 200 }, new LinuxResources { Memory = new() { Limit = 80 } }.ChangesOf(Old).Memory);
        Assert.Equal(new MemoryLimits { Limit = -1 }, new LinuxResources { Memory = new() { Limit = -1 } }.ChangesOf(Old).Memory);
        Assert.Empty(told.Devices);
        Assert.Null(told.Pids);
        Assert.Equal(new CpuLimits { Shares = 9 }, new LinuxResources { Cpu = new() { Shares = 9 } }.ChangesOf(Old).Cpu);
    }

    [Fact]
    public void They_can_be_written_and_read_again()
    {
        LinuxResources full = Old with { Rdma = ImmutableSortedDictionary<string, RdmaLimits>.Empty.Add("mlx5", new() { HcaHandles = 3 }) };
        byte[] json = full.ToJson();
        Assert.Contains("\"rdma\":{\"mlx5\":{\"hcaHandles\":3}}", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Equal(json, LinuxResources.Read(json).ToJson());
    }
}
