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
    public static void Close(Compilation c, IReadOnlyList<int> preserved, params IEnumerable<SafeFileHandle?> kept)
    {
        c.Builder.Tell("descriptors", "close what is the host's", "the container can see the descriptors of this process from here on: close_range(2)");
        IEnumerable<int> ours = kept.OfType<SafeFileHandle>().Select(file => (int)file.DangerousGetHandle());
        CloseAllBut(c, [.. ours.Concat(preserved).Order()], CloseRangeFlags.None);
    }

    /// <summary>Closes, or marks close-on-exec, every descriptor behind standard error that is not <paramref name="kept"/>, which is in order.</summary>
    public static void CloseAllBut(Compilation c, IReadOnlyList<int> kept, CloseRangeFlags flags)
    {
        long first = 3;
        foreach (long number in kept)
        {
            if (number > first)
            {
                c.Builder.Call(SyscallNumbers.SYS_close_range, first, number - 1, (uint)flags);
            }

            first = Math.Max(first, number + 1);
        }

        c.Builder.Call(SyscallNumbers.SYS_close_range, first, 0xFFFFFFFF, (uint)flags);
    }
}
