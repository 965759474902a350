using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Time that can be waited for together with other things: timerfd_create(2).</summary>
public static partial class Timers
{
    private const int CLOCK_MONOTONIC = 1;
    private const int TFD_CLOEXEC = 0x80000;
    private const int TFD_NONBLOCK = 0x800;

    /// <summary>A descriptor that becomes readable each time the interval, which is above zero, is over: for the first time one from now.</summary>
    public static SafeFileHandle Every(TimeSpan interval)
    {
        SafeFileHandle timer = Check.Handle(
            timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), $"timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK)");
        try
        {
            // struct itimerspec: the interval and the first time, each in seconds and nanoseconds.
            long seconds = (long)interval.TotalSeconds;
            long nanoseconds = (interval.Ticks % TimeSpan.TicksPerSecond) * TimeSpan.NanosecondsPerTick;
            ReadOnlySpan<long> spec = [seconds, nanoseconds, seconds, nanoseconds];
            Check.Result(timerfd_settime(timer, 0, spec, 0), $"timerfd_settime({timer}, 0, {interval.TotalSeconds} s, NULL)");
            return timer;
        }
        catch
        {
            timer.Dispose();
            throw;
        }
    }

    /// <summary>How often the time was over since this was asked last.</summary>
    public static ulong Take(SafeFileHandle timer)
    {
        ulong count = 0;
        return FileContents.TryRead(timer, MemoryMarshal.AsBytes(new Span<ulong>(ref count))) > 0 ? count : 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_create(int clock, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_settime(SafeFileHandle timer, int flags, ReadOnlySpan<long> value, nint old);
}
