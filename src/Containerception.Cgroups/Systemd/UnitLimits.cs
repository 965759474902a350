using System.Globalization;

namespace Containerception.Cgroups;

/// <summary>
/// Limits as properties of a unit. systemd writes its own idea of a group's files whenever it reads its configuration again, so it has to know
/// what it can; the files are written by us as well, for what it cannot, and because it rounds. Devices have properties only on version 1:
/// on version 2 our own program holds beside systemd's, and a second one would be asked at every open.
/// </summary>
internal static class UnitLimits
{
    private const ulong Infinity = ulong.MaxValue;
    private const ulong MicrosecondsPerSecond = 1_000_000;
    private const ulong PeriodDefault = 100_000;

    // systemd keeps a quota in percent of a processor.
    private const ulong QuotaStep = 10_000;
    private const int IdleSince = 252;
    private const int CpusMax = 8192;

    /// <param name="plan">The limits as files, of either version.</param>
    /// <param name="version">Systemd's, asked only where it matters.</param>
    public static List<UnitProperty> Of(IReadOnlyList<CgroupWrite> plan, Func<int> version)
    {
        // The last write to a file counts, as it will in the group.
        Dictionary<string, CgroupWrite> files = new(StringComparer.Ordinal);
        foreach (CgroupWrite write in plan)
        {
            CgroupWrite known = write.Otherwise ?? write;
            files[known.File] = known;
        }

        List<UnitProperty> properties = [];
        foreach ((string file, CgroupWrite write) in files)
        {
            Add(properties, file, write.Values, files, version);
        }

        return properties;
    }

    private static void Add(
        List<UnitProperty> properties, string file, IReadOnlyList<string> values, Dictionary<string, CgroupWrite> files, Func<int> version)
    {
        string value = values[0].Trim();
        switch (file)
        {
            case "cpu.idle" when value == "1" && version() >= IdleSince:
                // A weight of 0 is how systemd spells it.
                properties.Add(new("CPUWeight", 0UL));
                break;
            case "cpu.weight" when !files.ContainsKey("cpu.idle"):
                AddNumber(properties, "CPUWeight", value);
                break;
            case "cpu.max" when value.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [string quota, .. string[] rest]:
                AddQuota(properties, quota, rest.Length > 0 ? rest[0] : null);
                break;
            case "cpu.cfs_quota_us":
                AddQuota(properties, value, files.TryGetValue("cpu.cfs_period_us", out CgroupWrite? period) ? period.Values[0] : null);
                break;
            case "io.weight":
                AddNumber(properties, "IOWeight", value.StartsWith("default ", StringComparison.Ordinal) ? value["default ".Length..] : value);
                break;
            case "cpuset.cpus":
                AddBits(properties, "AllowedCPUs", value);
                break;
            case "cpuset.mems":
                AddBits(properties, "AllowedMemoryNodes", value);
                break;
            case "devices.deny" when value == "a":
                properties.Add(new("DevicePolicy", "strict"));
                properties.Add(new("DeviceAllow", UnitDevices.Of(files.TryGetValue("devices.allow", out CgroupWrite? allow) ? allow.Values : [])));
                break;
            default:
                if (NameOf(file) is { } name)
                {
                    AddNumber(properties, name, value);
                }

                break;
        }
    }

    private static string? NameOf(string file) => file switch
    {
        "memory.max" => "MemoryMax",
        "memory.high" => "MemoryHigh",
        "memory.low" => "MemoryLow",
        "memory.min" => "MemoryMin",
        "memory.swap.max" => "MemorySwapMax",
        "pids.max" => "TasksMax",

        // Version 1's.
        "memory.limit_in_bytes" => "MemoryLimit",
        "cpu.shares" => "CPUShares",
        "blkio.weight" => "BlockIOWeight",
        _ => null,
    };

    // The kernel takes more than plain numbers in its files (50M); what is not one is left to the file.
    private static void AddNumber(List<UnitProperty> properties, string name, string value)
    {
        if (value is "max" or "-1")
        {
            properties.Add(new(name, Infinity));
        }
        else if (TryNumber(value, out ulong number))
        {
            properties.Add(new(name, number));
        }
    }

    private static void AddQuota(List<UnitProperty> properties, string quota, string? period)
    {
        if (!TryNumber(period ?? "", out ulong length) || length == 0)
        {
            length = PeriodDefault;
        }

        ulong perSecond = Infinity;
        if (TryNumber(quota, out ulong had) && had > 0)
        {
            perSecond = ((UInt128)had * MicrosecondsPerSecond / length) is var exact && exact < Infinity - QuotaStep
                ? ((ulong)exact + QuotaStep - 1) / QuotaStep * QuotaStep
                : Infinity;
        }

        properties.Add(new("CPUQuotaPeriodUSec", length));
        properties.Add(new("CPUQuotaPerSecUSec", perSecond));
    }

    /// <summary>0-3,7 as a bit each, the lowest first.</summary>
    private static void AddBits(List<UnitProperty> properties, string name, string list)
    {
        byte[] bits = [];
        foreach (string range in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-', 2);
            if (!TryNumber(ends[0], out ulong first) || !TryNumber(ends[^1], out ulong last) || last < first || last >= CpusMax)
            {
                return;
            }

            Array.Resize(ref bits, Math.Max(bits.Length, (int)(last / 8) + 1));
            for (ulong bit = first; bit <= last; bit++)
            {
                bits[bit / 8] |= (byte)(1 << (int)(bit % 8));
            }
        }

        properties.Add(new(name, DBusValue.Array("y", [.. bits.Select(part => new DBusValue("y", (ulong)part))])));
    }

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
