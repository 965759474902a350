using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Where resctrl is mounted: shares of the processor's cache and memory bandwidth. Documentation/filesystems/resctrl.rst of the kernel.</summary>
public static class ResctrlMount
{
    // A mount is about 150 bytes; the kernel allows 100,000 of them.
    private const int TableBytesMax = 32 << 20;

    /// <summary>null where it is not mounted.</summary>
    public static string? Find()
    {
        using SafeFileHandle table = Files.Open("/proc/self/mountinfo", OpenFlags.O_RDONLY);
        return Parse(Encoding.UTF8.GetString(FileContents.ReadAll(table, TableBytesMax)));
    }

    /// <summary>The same, or a reason.</summary>
    /// <exception cref="CgroupException">It is not mounted.</exception>
    public static string Require(string field) => Find() ?? throw new CgroupException(
        $"{field}: no resctrl file system is mounted",
        "mount -t resctrl resctrl /sys/fs/resctrl, on a machine whose processor has Intel RDT or AMD QoS: see cat_l3, mba and cqm in /proc/cpuinfo");

    // proc_pid_mountinfo(5): the mount point is the fifth field, the type the first one behind the lone dash.
    internal static string? Parse(string table)
    {
        foreach (string line in table.Split('\n'))
        {
            if (line.Contains(" - resctrl ", StringComparison.Ordinal) && line.Split(' ') is { Length: > 4 } fields)
            {
                return fields[4].Replace("\\040", " ", StringComparison.Ordinal);
            }
        }

        return null;
    }
}
