using System.Globalization;
using System.Text;
using Containerception.Linux;

namespace Containerception.Cli;

/// <summary>What <c>ps</c> prints: the columns of <c>ps -ef</c> that tell processes apart, from /proc. No program of the host is needed.</summary>
internal static class ProcessTable
{
    private const int StatusBytesMax = 16 << 10;
    private const int CommandBytesMax = 128 << 10;

    public static string Of(IReadOnlyList<int> pids, UserNames users)
    {
        StringBuilder table = new(Row("UID", "PID", "PPID", "TIME", "CMD"));
        foreach (int pid in pids)
        {
            try
            {
                table.Append(Describe(pid, users));
            }
            catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ESRCH)
            {
                // It has ended since the list was made.
            }
        }

        return table.ToString();
    }

    private static string Describe(int pid, UserNames users)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
        string status = FileContents.ReadText(Descriptor.WorkingDirectory, directory + "status", StatusBytesMax);
        string command = FileContents.ReadText(Descriptor.WorkingDirectory, directory + "cmdline", CommandBytesMax).TrimEnd('\0').Replace('\0', ' ');
        uint uid = uint.Parse(Field(status, "Uid:").Split('\t')[0], CultureInfo.InvariantCulture);
        return Row(
            users.Find(uid) ?? uid.ToString(CultureInfo.InvariantCulture),
            pid.ToString(CultureInfo.InvariantCulture),
            Field(status, "PPid:"),
            CpuTime(FileContents.ReadText(Descriptor.WorkingDirectory, directory + "stat", StatusBytesMax)),
            command.Length > 0 ? Printable(command) : $"[{Printable(Field(status, "Name:"))}]");
    }

    private static string Row(string user, string pid, string parent, string time, string command)
        => $"{user,-8} {pid,7} {parent,7} {time,8} {command}\n";

    private static string Field(string status, string name)
    {
        foreach (string line in status.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return line[name.Length..].Trim();
            }
        }

        return "";
    }

    // proc_pid_stat(5): utime and stime are the 14th and 15th field; the second ends with the last bracket. 100 ticks a second,
    // which sysconf(_SC_CLK_TCK) says on every architecture that .NET runs on.
    private static string CpuTime(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long seconds = (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}");
    }

    // The command is the container's word: it must not drive the caller's terminal.
    private static string Printable(string text)
        => string.Create(text.Length, text, (letters, source) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = char.IsControl(source[i]) ? '?' : source[i];
            }
        });
}
