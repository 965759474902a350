using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>inotify(7) events, spelled as in sys/inotify.h.</summary>
[Flags]
public enum InotifyEvents : uint
{
    None = 0,
    IN_ACCESS = 0x1,
    IN_MODIFY = 0x2,
    IN_ATTRIB = 0x4,
    IN_CLOSE_WRITE = 0x8,
    IN_CLOSE_NOWRITE = 0x10,
    IN_OPEN = 0x20,
    IN_MOVED_FROM = 0x40,
    IN_MOVED_TO = 0x80,
    IN_CREATE = 0x100,
    IN_DELETE = 0x200,
    IN_DELETE_SELF = 0x400,
    IN_MOVE_SELF = 0x800,
    IN_UNMOUNT = 0x2000,
    IN_Q_OVERFLOW = 0x4000,
    IN_IGNORED = 0x8000,
    IN_ONLYDIR = 0x1000000,
    IN_DONT_FOLLOW = 0x2000000,
    IN_ISDIR = 0x40000000,
}

/// <summary>inotify(7), to wait for files like cgroup.events to change: add a watch, poll the descriptor, drain it, read the file.</summary>
public static partial class Inotify
{
    private const int IN_CLOEXEC = 0x80000;
    private const int IN_NONBLOCK = 0x800;

    // struct inotify_event and NAME_MAX + 1.
    private const int EventBytesMax = 16 + 256;

    /// <summary>A descriptor that becomes readable when something happens to what it watches; it does not block.</summary>
    public static SafeFileHandle Create() => Check.Handle(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), $"inotify_init1(IN_CLOEXEC|IN_NONBLOCK)");

    /// <summary>Watches a file; the number of the watch is returned.</summary>
    public static int AddWatch(SafeFileHandle inotify, string path, InotifyEvents events)
        => Check.Result(inotify_add_watch(inotify, path, events), $"inotify_add_watch({inotify}, {path}, {events})");

    /// <summary>Watches an open file, also an O_PATH one.</summary>
    public static int AddWatch(SafeFileHandle inotify, SafeFileHandle file, InotifyEvents events)
        => AddWatch(inotify, Descriptor.MagicLink(file), events);

    /// <summary>Takes the events that have come; true if there were any.</summary>
    public static bool Drain(SafeFileHandle inotify)
    {
        Span<byte> events = stackalloc byte[EventBytesMax];
        bool any = false;
        while (FileContents.TryRead(inotify, events) > 0)
        {
            any = true;
        }

        return any;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int inotify_add_watch(SafeFileHandle inotify, string path, InotifyEvents events);
}
