using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>epoll(7) events, spelled as in sys/epoll.h.</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0,
    EPOLLIN = 0x1,
    EPOLLPRI = 0x2,
    EPOLLOUT = 0x4,
    EPOLLERR = 0x8,
    EPOLLHUP = 0x10,
    EPOLLRDHUP = 0x2000,
    EPOLLEXCLUSIVE = 0x10000000,
    EPOLLONESHOT = 0x40000000,
    EPOLLET = 0x80000000,
}

/// <summary>What happened to the descriptor that was added with this token.</summary>
public readonly record struct EpollEvent(EpollEvents Events, ulong Token);

/// <summary>epoll(7): waits for many descriptors at once.</summary>
public static partial class Epoll
{
    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const int EPOLL_CTL_MOD = 3;

    // Events taken in one call; the rest come with the next.
    private const int EventsMax = 16;

    // struct epoll_event is packed on x86-64 alone (12 bytes), to be the same as in 32-bit programs. See EPOLL_PACKED in linux/eventpoll.h.
    internal static int EventBytes => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    internal static int TokenOffset => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>A set of descriptors to wait for, empty; close-on-exec.</summary>
    public static SafeFileHandle Create() => Check.Handle(epoll_create1(EPOLL_CLOEXEC), $"epoll_create1(EPOLL_CLOEXEC)");

    /// <summary>Adds a descriptor. The token comes back with its events.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: it cannot be waited for, as a regular file; <see cref="Errno.EEXIST"/>: it is in.</exception>
    public static void Add(SafeFileHandle epoll, SafeFileHandle file, EpollEvents events, ulong token)
        => Control(epoll, EPOLL_CTL_ADD, nameof(EPOLL_CTL_ADD), file, events, token);

    /// <summary>Waits for other events of a descriptor.</summary>
    public static void Modify(SafeFileHandle epoll, SafeFileHandle file, EpollEvents events, ulong token)
        => Control(epoll, EPOLL_CTL_MOD, nameof(EPOLL_CTL_MOD), file, events, token);

    /// <summary>Takes a descriptor out. Closing it is not enough while a copy of it is open.</summary>
    public static void Remove(SafeFileHandle epoll, SafeFileHandle file)
        => Control(epoll, EPOLL_CTL_DEL, nameof(EPOLL_CTL_DEL), file, EpollEvents.None, 0);

    /// <summary>Waits for events; how many came is returned, 0 when the time was up.</summary>
    /// <param name="epoll">The set.</param>
    /// <param name="events">Where they go; at most 16 come at once.</param>
    /// <param name="timeoutMilliseconds">-1 waits for ever. A signal that is handled begins the time anew.</param>
    public static int Wait(SafeFileHandle epoll, Span<EpollEvent> events, int timeoutMilliseconds = -1)
    {
        Span<byte> buffer = stackalloc byte[EventsMax * 16];
        int max = Math.Min(events.Length, EventsMax);
        int count;
        do
        {
            count = epoll_wait(epoll, buffer, max, timeoutMilliseconds);
        }
        while (count < 0 && Check.LastErrno == Errno.EINTR);

        Check.Result(count, $"epoll_wait({epoll}, {max}, {timeoutMilliseconds})");
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> one = buffer.Slice(i * EventBytes, EventBytes);
            events[i] = new EpollEvent((EpollEvents)MemoryMarshal.Read<uint>(one), MemoryMarshal.Read<ulong>(one[TokenOffset..]));
        }

        return count;
    }

    private static void Control(SafeFileHandle epoll, int operation, string name, SafeFileHandle file, EpollEvents events, ulong token)
    {
        Span<byte> buffer = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, (uint)events);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer[TokenOffset..], token);
        Check.Result(epoll_ctl(epoll, operation, file, buffer), $"epoll_ctl({epoll}, {name:name}, {file}, {{{events}, {token}}})");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(SafeFileHandle epoll, int operation, SafeFileHandle file, Span<byte> value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(SafeFileHandle epoll, Span<byte> events, int max, int timeout);
}
