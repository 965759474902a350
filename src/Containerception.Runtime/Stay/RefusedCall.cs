using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Seccomp;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Which system call a seccomp filter killed a process for. Only the kernel's audit records say (audit.h, AUDIT_SECCOMP); they are read
/// where they end when no auditd takes them away: in the kernel's log. A record that cannot be read is no failure, and nothing is guessed.
/// </summary>
internal static class RefusedCall
{
    // PRINTKRB_RECORD_MAX of kernel/printk/internal.h, and more: a shorter buffer gets EINVAL.
    private const int RecordBytesMax = 8192;

    // The kernel's own thread writes the record after the process has died; others may write between.
    private const int PatienceMilliseconds = 100;
    private const int Patiences = 5;

    /// <summary>The words for it; null when nothing is known.</summary>
    /// <param name="pid">Who was killed, as the kernel numbers it.</param>
    /// <param name="since">When it was started: numbers come again.</param>
    public static string? TryFind(int pid, DateTimeOffset since)
    {
        try
        {
            using SafeFileHandle log = Files.Open("/dev/kmsg", OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK);
            return TryFind(log, pid, since);
        }
        catch (LinuxException)
        {
            // kernel.dmesg_restrict, or no such log, or no descriptor for it: nothing that a container's end must fail for.
            return null;
        }
    }

    /// <summary>The same of one line of the log.</summary>
    public static string? TryRead(string line, int pid, DateTimeOffset since)
    {
        // "6,1234,809956025,-;audit: type=1326 audit(1795834668.457:2): … pid=14226 … arch=c000003e syscall=83 …". What the program can
        // choose, comm= and exe=, has neither blanks nor quotes in it: the kernel writes those in hexadecimal.
        int begin = line.IndexOf(";audit: type=1326 audit(", StringComparison.Ordinal);
        if (begin < 0)
        {
            return null;
        }

        string[] words = line[begin..].TrimEnd('\n').Split(' ');
        string time = words[2]["audit(".Length..].Split(':')[0];
        return double.TryParse(time, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && DateTimeOffset.UnixEpoch.AddSeconds(seconds + 1) >= since
            && words.Contains(string.Create(CultureInfo.InvariantCulture, $"pid={pid}"))
            && uint.TryParse(Word(words, "arch="), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint architecture)
            && int.TryParse(Word(words, "syscall="), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? string.Create(CultureInfo.InvariantCulture, $"seccomp refused the system call {SeccompNames.SyscallName(architecture, number) ?? "of number"} ({number})")
            : null;
    }

    private static string? TryFind(SafeFileHandle log, int pid, DateTimeOffset since)
    {
        byte[] buffer = new byte[RecordBytesMax];
        string? found = null;
        int waits = 0;
        while (true)
        {
            try
            {
                int length = FileContents.TryRead(log, buffer);
                if (length > 0)
                {
                    found = TryRead(Encoding.Latin1.GetString(buffer, 0, length), pid, since) ?? found;
                }
                else if (found is not null || ++waits > Patiences || !Polling.Poll(log, PollEvents.POLLIN, PatienceMilliseconds).HasFlag(PollEvents.POLLIN))
                {
                    return found;
                }
            }
            catch (LinuxException overwritten) when (overwritten.Errno == Errno.EPIPE)
            {
                // dev-kmsg: what was to be read is gone; the next read gets the oldest that is there.
            }
        }
    }

    private static string? Word(string[] words, string name)
        => words.FirstOrDefault(word => word.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
