using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>When a file was changed: utimensat(2).</summary>
public static partial class FileTimes
{
    private const long NanosecondsPerTick = 100;

    /// <summary>Sets both times of an open file; it may be an O_PATH one. Since Linux 5.8 for those.</summary>
    public static void Set(SafeFileHandle file, DateTimeOffset time) => Set(file, "", time, AtFlags.AT_EMPTY_PATH);

    /// <summary>Sets both times of a name in a directory; of a link itself.</summary>
    public static void Set(SafeFileHandle directory, string name, DateTimeOffset time) => Set(directory, name, time, AtFlags.AT_SYMLINK_NOFOLLOW);

    private static void Set(SafeFileHandle directory, string name, DateTimeOffset time, AtFlags flags)
    {
        long ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        long seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        ReadOnlySpan<long> times = [seconds, rest * NanosecondsPerTick, seconds, rest * NanosecondsPerTick];
        Check.Result(utimensat(directory, name, times, flags), $"utimensat({directory}, {name}, {time:O}, {flags})");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int utimensat(SafeFileHandle directory, string name, ReadOnlySpan<long> times, AtFlags flags);
}
