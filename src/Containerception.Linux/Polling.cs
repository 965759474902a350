using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>poll(2) events, spelled as in poll.h.</summary>
[Flags]
public enum PollEvents : short
{
    None = 0,
    POLLIN = 0x1,
    POLLPRI = 0x2,
    POLLOUT = 0x4,
    POLLERR = 0x8,
    POLLHUP = 0x10,
    POLLNVAL = 0x20,
    POLLRDHUP = 0x2000,
}

/// <summary>poll(2): waits for one descriptor. For many use <see cref="Epoll"/>.</summary>
public static unsafe partial class Polling
{
    /// <summary>Waits until one of the events, an error or a hang-up has come, and returns those; none when the time was up.</summary>
    /// <param name="file">What to wait for; a pidfd has POLLIN when its process has ended.</param>
    /// <param name="events">The events.</param>
    /// <param name="timeoutMilliseconds">-1 waits for ever. A signal that is handled begins the time anew.</param>
    public static PollEvents Poll(SafeFileHandle file, PollEvents events, int timeoutMilliseconds = -1)
    {
        using HeldDescriptor held = new(file);
        PollDescriptor one = new() { fd = held.Number, events = events };
        int result;
        do
        {
            result = poll(&one, 1, timeoutMilliseconds);
        }
        while (result < 0 && Check.LastErrno == Errno.EINTR);

        Check.Result(result, $"poll({file}, {events}, {timeoutMilliseconds})");
        return one.revents;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollDescriptor* descriptors, nuint count, int timeout);
}

/// <summary>struct pollfd of poll.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public int fd;
    public PollEvents events;
    public PollEvents revents;
}
