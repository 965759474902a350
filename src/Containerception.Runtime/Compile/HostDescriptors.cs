using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The descriptors of the host that a clone brings along. They are close-on-exec, but a process of the container that sees this one before its
/// exec, and has CAP_SYS_PTRACE, finds them in /proc/PID/fd: from a directory of the host a path leads to the host's root
/// (CVE-2016-9962, CVE-2024-21626).
/// </summary>
internal static class HostDescriptors
{
    /// <summary>Closes all but the standard streams, those that the caller preserves, and <paramref name="kept"/>: close_range(2).</summary>
    public static void Close(Compilation c, int preserve, params IEnumerable<SafeFileHandle?> kept)
    {
        c.Builder.Tell("descriptors", "close what is the host's", "the container can see the descriptors of this process from here on: close_range(2)");
        long first = 3 + preserve;
        foreach (long number in kept.OfType<SafeFileHandle>().Select(file => (long)file.DangerousGetHandle()).Order())
        {
            if (number > first)
            {
                c.Builder.Call(SyscallNumbers.SYS_close_range, first, number - 1, 0);
            }

            first = Math.Max(first, number + 1);
        }

        c.Builder.Call(SyscallNumbers.SYS_close_range, first, -1L & 0xFFFFFFFF, 0);
    }
}
