using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>Turns a <see cref="LimitsRequest"/> into the limits of an OCI document, and refuses what docker refuses.</summary>
internal static class LimitsCompiler
{
    private const long MemoryBytesMin = 6 << 20;
    private const ulong CpuPeriodMicroseconds = 100_000;
    private const ulong CpuPeriodMicrosecondsMin = 1000;
    private const ulong CpuPeriodMicrosecondsMax = 1_000_000;
    private const long CpuQuotaMicrosecondsMin = 1000;
    private const int SwappinessMax = 100;

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: limits that contradict each other or the machine.</exception>
    public static LinuxResources Compile(LimitsRequest limits, LinuxResources onto, int processors) => onto with
    {
        Memory = Memory(limits, onto.Memory),
        Cpu = Cpu(limits, onto.Cpu, processors),
        Pids = limits.PidsMax is long pids ? new PidsLimits { Limit = pids is 0 or < -1 ? -1 : pids } : onto.Pids,
        BlockIo = BlockIo(limits, onto.BlockIo),
    };

    private static MemoryLimits? Memory(LimitsRequest limits, MemoryLimits? onto)
    {
        long? limit = limits.MemoryBytesMax;
        long? swap = limits.MemoryAndSwapBytesMax;
        if (limit is null && swap is null && limits.MemoryReservationBytes is null && limits.MemorySwappiness is null or -1)
        {
            return onto;
        }

        if (limit is < MemoryBytesMin)
        {
            throw EngineException.Invalid($"--memory: {limit} bytes is below the least that is allowed, 6m");
        }

        if (swap is not null && limit is null)
        {
            throw EngineException.Invalid("--memory-swap needs --memory", "it is the sum of both");
        }

        if (swap is not -1 && swap < limit)
        {
            throw EngineException.Invalid("--memory-swap is below --memory", "it is the sum of both; -1 is any amount of swap");
        }

        if (limits.MemoryReservationBytes is < MemoryBytesMin)
        {
            throw EngineException.Invalid($"--memory-reservation: {limits.MemoryReservationBytes} bytes is below the least that is allowed, 6m");
        }

        if (limits.MemoryReservationBytes > limit)
        {
            throw EngineException.Invalid("--memory-reservation is above --memory");
        }

        if (limits.MemorySwappiness is < -1 or > SwappinessMax)
        {
            throw EngineException.Invalid($"--memory-swappiness: {limits.MemorySwappiness} is not between 0 and {SwappinessMax}");
        }

        return (onto ?? new MemoryLimits()) with
        {
            Limit = limit ?? onto?.Limit,

            // docker's rule: as much swap as memory, unless asked otherwise. runtime-spec counts both together.
            Swap = swap ?? (limit is long bytes ? bytes * 2 : onto?.Swap),
            Reservation = limits.MemoryReservationBytes ?? onto?.Reservation,
            Swappiness = limits.MemorySwappiness is >= 0 and int swappiness ? (ulong)swappiness : onto?.Swappiness,
        };
    }

    private static CpuLimits? Cpu(LimitsRequest limits, CpuLimits? onto, int processors)
    {
        if (limits is { Cpus: null, CpuShares: null, CpusetCpus: null, CpusetMems: null, CpuPeriodMicroseconds: null, CpuQuotaMicroseconds: null })
        {
            return onto;
        }

        CpuLimits cpu = onto ?? new CpuLimits();
        if (limits.Cpus is decimal cpus)
        {
            if (cpus < 0.01m || cpus > processors)
            {
                throw EngineException.Invalid(string.Create(
                    CultureInfo.InvariantCulture, $"--cpus: {cpus} is not between 0.01 and {processors}, the processors of this machine"));
            }

            cpu = cpu with { Quota = (long)(cpus * CpuPeriodMicroseconds), Period = CpuPeriodMicroseconds };
        }

        CheckQuota(limits);
        return cpu with
        {
            Quota = limits.CpuQuotaMicroseconds ?? cpu.Quota,
            Period = limits.CpuPeriodMicroseconds ?? cpu.Period,
            Shares = limits.CpuShares ?? cpu.Shares,
            Cpus = limits.CpusetCpus ?? cpu.Cpus,
            Mems = limits.CpusetMems ?? cpu.Mems,
        };
    }

    private static void CheckQuota(LimitsRequest limits)
    {
        if (limits.Cpus is not null && (limits.CpuPeriodMicroseconds is not null || limits.CpuQuotaMicroseconds is not null))
        {
            throw EngineException.Invalid("--cpus excludes --cpu-period and --cpu-quota", "it is the one divided by the other");
        }

        if (limits.CpuPeriodMicroseconds is < CpuPeriodMicrosecondsMin or > CpuPeriodMicrosecondsMax)
        {
            throw EngineException.Invalid($"--cpu-period: {limits.CpuPeriodMicroseconds} is not between {CpuPeriodMicrosecondsMin} and {CpuPeriodMicrosecondsMax}");
        }

        if (limits.CpuQuotaMicroseconds is not -1 and < CpuQuotaMicrosecondsMin)
        {
            throw EngineException.Invalid($"--cpu-quota: {limits.CpuQuotaMicroseconds} is below {CpuQuotaMicrosecondsMin}", "-1 is any amount");
        }
    }

    private static BlockIoLimits? BlockIo(LimitsRequest limits, BlockIoLimits? onto)
    {
        bool asked = limits.BlockIoWeight is not null || !limits.BlockIoWeightDevices.IsEmpty || !limits.DeviceReadBps.IsEmpty || !limits.DeviceWriteBps.IsEmpty
            || !limits.DeviceReadIops.IsEmpty || !limits.DeviceWriteIops.IsEmpty;
        if (!asked)
        {
            return onto;
        }

        if (limits.BlockIoWeight is < 10 or > 1000)
        {
            throw EngineException.Invalid($"--blkio-weight: {limits.BlockIoWeight} is not between 10 and 1000");
        }

        if (limits.BlockIoWeightDevices.Any(one => one.Rate is < 10 or > 1000))
        {
            throw EngineException.Invalid("--blkio-weight-device: a weight is between 10 and 1000");
        }

        BlockIoLimits disk = onto ?? new BlockIoLimits();
        return disk with
        {
            Weight = limits.BlockIoWeight ?? disk.Weight,
            WeightDevice =
            [
                .. disk.WeightDevice,
                .. Throttles(limits.BlockIoWeightDevices, "--blkio-weight-device")
                    .Select(one => new WeightDevice { Major = one.Major, Minor = one.Minor, Weight = (ushort)one.Rate }),
            ],
            ThrottleReadBpsDevice = [.. disk.ThrottleReadBpsDevice, .. Throttles(limits.DeviceReadBps, "--device-read-bps")],
            ThrottleWriteBpsDevice = [.. disk.ThrottleWriteBpsDevice, .. Throttles(limits.DeviceWriteBps, "--device-write-bps")],
            ThrottleReadIopsDevice = [.. disk.ThrottleReadIopsDevice, .. Throttles(limits.DeviceReadIops, "--device-read-iops")],
            ThrottleWriteIopsDevice = [.. disk.ThrottleWriteIopsDevice, .. Throttles(limits.DeviceWriteIops, "--device-write-iops")],
        };
    }

    private static IEnumerable<ThrottleDevice> Throttles(ImmutableArray<DeviceRate> rates, string flag)
        => rates.Select(rate => (Node: Machine.DeviceNode(rate.Path, flag), rate.Rate))
            .Select(one => one.Node.Type == FileType.S_IFBLK
                ? new ThrottleDevice
                {
                    Major = one.Node.RepresentedDevice.Major,
                    Minor = one.Node.RepresentedDevice.Minor,
                    Rate = one.Rate,
                }
                : throw EngineException.Invalid($"{flag}: only block devices have rates"));
}
