using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What /proc/PID/stat says of a process: proc_pid_stat(5).</summary>
internal static class ProcessTable
{
    private const int StatBytesMax = 4096;

    /// <summary>State is the 3rd field, start time the 22nd; counted after the name, which may hold anything, blanks and parentheses too.</summary>
    private const int StartTimeAfterName = 19;

    /// <summary>In clock ticks after boot; 0 when there is no such process.</summary>
    public static ulong StartTime(int pid) => Read(pid).Start;

    /// <summary>The same of an open directory of /proc.</summary>
    public static ulong StartTime(SafeFileHandle process) => Read(process, "stat").Start;

    /// <summary>Whether the process that had that pid at that time still runs. A zombie does not: it only waits for its parent.</summary>
    public static bool IsAlive(int pid, ulong start)
    {
        (char state, ulong found) = Read(pid);
        return found == start && state is not ('Z' or 'X' or '\0');
    }

    private static (char State, ulong Start) Read(int pid)
        => Read(Descriptor.WorkingDirectory, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));

    private static (char State, ulong Start) Read(SafeFileHandle directory, string path)
    {
        try
        {
            using SafeFileHandle file = Files.OpenAt(directory, path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
            Span<byte> buffer = stackalloc byte[StatBytesMax];
            ReadOnlySpan<byte> stat = buffer[..FileContents.Read(file, buffer)];
            string[] fields = Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 2)..]).Split(' ');
            return (fields[0][0], ulong.Parse(fields[StartTimeAfterName], CultureInfo.InvariantCulture));
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            return default;
        }
    }
}
