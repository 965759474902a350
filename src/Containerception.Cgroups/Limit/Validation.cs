using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>Checks of values that the kernel would cut to size, or understand as something else, without a word.</summary>
internal static class Validation
{
    public const string Root = "linux.resources";

    private const ulong SharesMin = 2;
    private const ulong SharesMax = 262_144;
    private const ulong SwappinessMax = 100;
    private const int WeightMin = 10;
    private const int WeightMax = 1000;

    public static ConfigException Wrong(string limit, string problem) => new($"{Root}.{limit}", problem);

    /// <summary>-1 is no limit; nothing else below zero means anything.</summary>
    public static void Bytes(string limit, long? value)
    {
        if (value < -1)
        {
            throw Wrong(limit, $"must be -1 or more, not {value}");
        }
    }

    public static void Memory(MemoryLimits memory)
    {
        Bytes("memory.limit", memory.Limit);
        Bytes("memory.reservation", memory.Reservation);
        Bytes("memory.swap", memory.Swap);
        Bytes("memory.kernelTCP", memory.KernelTcp);
        if (memory.Swappiness > SwappinessMax)
        {
            throw Wrong("memory.swappiness", $"must be 0 to {SwappinessMax}, not {memory.Swappiness}");
        }

        if (memory is { Limit: > 0, Reservation: > 0 } && memory.Reservation > memory.Limit)
        {
            throw Wrong("memory.reservation", $"{memory.Reservation} is more than memory.limit, {memory.Limit}");
        }

        if (memory is { Swap: > 0, Limit: null or 0 })
        {
            throw Wrong("memory.swap", "is the sum of memory and swap, and needs memory.limit");
        }

        if (memory is { Limit: > 0, Swap: > 0 } && memory.Swap < memory.Limit)
        {
            throw Wrong("memory.swap", $"is the sum of memory and swap: {memory.Swap} is less than memory.limit, {memory.Limit}");
        }
    }

    public static void Cpu(CpuLimits cpu)
    {
        if (cpu.Shares is > 0 and < SharesMin)
        {
            throw Wrong("cpu.shares", $"the minimum allowed cpu-shares is {SharesMin}, not {cpu.Shares}");
        }

        if (cpu.Shares > SharesMax)
        {
            throw Wrong("cpu.shares", $"the maximum allowed cpu-shares is {SharesMax}, not {cpu.Shares}");
        }

        if (cpu.Idle is not (null or 0 or 1))
        {
            throw Wrong("cpu.idle", $"must be 0 or 1, not {cpu.Idle}");
        }

        if (cpu is { Burst: > 0, Quota: > 0 } && cpu.Burst > (ulong)cpu.Quota)
        {
            throw Wrong("cpu.burst", $"{cpu.Burst} is more than cpu.quota, {cpu.Quota}");
        }

        List("cpu.cpus", cpu.Cpus);
        List("cpu.mems", cpu.Mems);
    }

    public static void Weight(string limit, ushort? value)
    {
        if (value is not (null or 0) and (< WeightMin or > WeightMax))
        {
            throw Wrong(limit, $"must be {WeightMin} to {WeightMax}, not {value}");
        }
    }

    /// <summary>The page size is a part of a file's name: 2MB, 1GB, 64KB.</summary>
    public static void PageSize(int index, string size)
    {
        bool valid = size.Length is > 2 and <= 8 && size[^1] == 'B' && size[^2] is 'K' or 'M' or 'G' && !size.AsSpan(0, size.Length - 2).ContainsAnyExceptInRange('0', '9');
        if (!valid)
        {
            throw Wrong($"hugepageLimits[{index}].pageSize", $"must be a size like 2MB, 1GB or 64KB, not \"{size}\"");
        }
    }

    // 0-3,7: the kernel's list format, checked so that the error names the field rather than a file.
    private static void List(string limit, string? value)
    {
        foreach (char letter in (value ?? "").AsSpan().Trim())
        {
            if (char.IsAsciiDigit(letter) || letter is ',' or '-' or ':' or '/')
            {
                continue;
            }

            throw Wrong(limit, $"must be a list like 0-3,7, not \"{value}\"");
        }
    }
}
