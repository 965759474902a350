using System.Diagnostics;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>How long the kernel is waited for. Only a process that hangs in the kernel takes longer.</summary>
internal readonly struct Deadline(TimeSpan span)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    private readonly long _start = Stopwatch.GetTimestamp();

    public static Deadline Start() => new(Usual);

    public bool IsOver => Milliseconds == 0;

    /// <summary>What is left, for poll(2).</summary>
    public int Milliseconds => (int)Math.Max(0, (span - Stopwatch.GetElapsedTime(_start)).TotalMilliseconds);

    /// <summary>
    /// Version 1 tells nobody when a group has become frozen or empty: its files know no poll(2) and no inotify(7), and release_agent is the
    /// whole machine's. The shortest wait there is, between two looks.
    /// </summary>
    public static void WaitForNothing()
    {
        using SafeFileHandle never = Pipes.Event();
        Polling.Poll(never, PollEvents.POLLIN, timeoutMilliseconds: 1);
    }
}
