using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What went through the interfaces of a container's network, read from outside: proc_pid_net(5). Nobody enters its namespace.</summary>
internal static class NetworkCounters
{
    private const int BytesMax = 1 << 20;
    private const int FieldsMin = 12;

    /// <summary>All but the loopback, as init sees them; null when init has ended.</summary>
    public static ImmutableArray<InterfaceStats>? Read(int pid, ulong start)
    {
        try
        {
            // The directory stays the one process's: once that is gone nothing can be opened below it, whoever gets the number next.
            using SafeFileHandle process = Files.Open(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}"), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            return ProcessTable.StartTime(process) == start ? Parse(FileContents.ReadText(process, "net/dev", BytesMax)) : null;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.ESRCH or Errno.EINVAL)
        {
            return null;
        }
    }

    // Two lines of heads, then
    //   eth0:    8 receive counters: bytes packets errs drop fifo frame compressed multicast, 8 of transmission, which begin alike
    internal static ImmutableArray<InterfaceStats> Parse(string table)
    {
        ImmutableArray<InterfaceStats>.Builder interfaces = ImmutableArray.CreateBuilder<InterfaceStats>();
        foreach (string line in table.Split('\n').Skip(2))
        {
            int colon = line.LastIndexOf(':');
            string name = colon < 0 ? "" : line[..colon].Trim();
            string[] fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (name is not ("" or "lo") && fields.Length >= FieldsMin)
            {
                ulong[] numbers = [.. fields.Select(field => ulong.Parse(field, CultureInfo.InvariantCulture))];
                interfaces.Add(new(name, numbers[0], numbers[1], numbers[2], numbers[3], numbers[8], numbers[9], numbers[10], numbers[11]));
            }
        }

        return interfaces.DrainToImmutable();
    }
}
