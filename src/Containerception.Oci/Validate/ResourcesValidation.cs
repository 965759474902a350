using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>linux.resources</c>.</summary>
internal static class ResourcesValidation
{
    private const ulong SwappinessMax = 100;
    private const int WeightMin = 10;
    private const int WeightMax = 1000;

    public static void Check(LinuxResources resources)
    {
        CheckDevices(resources.Devices);
        CheckMemory(resources.Memory ?? new MemoryLimits());
        CheckCpu(resources.Cpu ?? new CpuLimits());
        CheckLimit(resources.Pids?.Limit, "linux.resources.pids.limit");
        CheckBlockIo(resources.BlockIo ?? new BlockIoLimits());
        CheckHugepages(resources.HugepageLimits);
        CheckRdma(resources.Rdma);
        CheckUnified(resources.Unified);
    }

    private static void CheckDevices(ImmutableArray<DeviceRule> rules)
    {
        for (int i = 0; i < rules.Length; i++)
        {
            DeviceRule rule = rules[i];
            Require.That(
                rule.Type is null or "a" or "b" or "c", $"linux.resources.devices[{i}].type", $"must be a, b or c, not {Require.Quote(rule.Type ?? "")}");
            Require.That(rule.Major is null or >= -1, $"linux.resources.devices[{i}].major", "must not be negative");
            Require.That(rule.Minor is null or >= -1, $"linux.resources.devices[{i}].minor", "must not be negative");
            foreach (char letter in rule.Access ?? "")
            {
                Require.That(
                    letter is 'r' or 'w' or 'm',
                    $"linux.resources.devices[{i}].access",
                    $"must be letters of rwm, not {Require.Quote(rule.Access!)}");
            }
        }
    }

    private static void CheckMemory(MemoryLimits memory)
    {
        CheckLimit(memory.Limit, "linux.resources.memory.limit");
        CheckLimit(memory.Reservation, "linux.resources.memory.reservation");
        CheckLimit(memory.Swap, "linux.resources.memory.swap");
        CheckLimit(memory.Kernel, "linux.resources.memory.kernel");
        CheckLimit(memory.KernelTcp, "linux.resources.memory.kernelTCP");
        Require.That(
            memory.Swappiness is null or <= SwappinessMax,
            "linux.resources.memory.swappiness",
            $"must be at most {SwappinessMax}, not {memory.Swappiness ?? 0}");
        Require.That(
            !(memory.Swap > 0 && memory.Limit > memory.Swap),
            "linux.resources.memory.swap",
            $"is memory and swap together: {memory.Swap ?? 0} is below the memory limit {memory.Limit ?? 0}");
    }

    private static void CheckCpu(CpuLimits cpu)
    {
        Require.CpuList(cpu.Cpus, "linux.resources.cpu.cpus");
        Require.CpuList(cpu.Mems, "linux.resources.cpu.mems");
        Require.That(cpu.Idle is null or 0 or 1, "linux.resources.cpu.idle", $"must be 0 or 1, not {cpu.Idle ?? 0}");
    }

    private static void CheckLimit(long? limit, string field)
        => Require.That(limit is null or >= -1, field, $"must be -1 (no limit) or more, not {limit ?? 0}");

    private static void CheckBlockIo(BlockIoLimits io)
    {
        CheckWeight(io.Weight, "linux.resources.blockIO.weight");
        CheckWeight(io.LeafWeight, "linux.resources.blockIO.leafWeight");
        for (int i = 0; i < io.WeightDevice.Length; i++)
        {
            WeightDevice device = io.WeightDevice[i];
            Require.That(device.Weight is not null || device.LeafWeight is not null, $"linux.resources.blockIO.weightDevice[{i}]", "has no weight");
            Require.That(IsWeight(device.Weight) && IsWeight(device.LeafWeight), $"linux.resources.blockIO.weightDevice[{i}]", $"a weight must be from {WeightMin} to {WeightMax}");
        }
    }

    private static void CheckWeight(ushort? weight, string field)
        => Require.That(IsWeight(weight), field, $"must be from {WeightMin} to {WeightMax}, not {weight ?? 0}");

    // 0 is as good as absent.
    private static bool IsWeight(ushort? weight) => weight is null or 0 or (>= WeightMin and <= WeightMax);

    private static void CheckHugepages(ImmutableArray<HugepageLimit> limits)
    {
        for (int i = 0; i < limits.Length; i++)
        {
            string size = limits[i].PageSize;
            bool good = size is [>= '1' and <= '9', .., 'K' or 'M' or 'G', 'B'];
            foreach (char digit in good ? size.AsSpan(0, size.Length - 2) : [])
            {
                good &= char.IsAsciiDigit(digit);
            }

            Require.That(good, $"linux.resources.hugepageLimits[{i}].pageSize", $"must be a size like 2MB, not {Require.Quote(size)}");
        }
    }

    private static void CheckRdma(ImmutableSortedDictionary<string, RdmaLimits> devices)
    {
        foreach ((string device, RdmaLimits limits) in devices)
        {
            Require.That(
                device.Length > 0 && !device.AsSpan().ContainsAny(" \t\n"), "linux.resources.rdma", $"{Require.Quote(device)} is not the name of a device");
            Require.That(
                limits is not { HcaHandles: null, HcaObjects: null }, $"linux.resources.rdma.{device}", "has neither hcaHandles nor hcaObjects");
        }
    }

    private static void CheckUnified(ImmutableSortedDictionary<string, string> unified)
    {
        foreach ((string file, string _) in unified)
        {
            bool good = file.IndexOf('.', StringComparison.Ordinal) > 0 && !file.Contains('/', StringComparison.Ordinal);
            Require.That(good, "linux.resources.unified", $"{Require.Quote(file)} is not a file of a cgroup, like memory.max");
        }
    }
}
