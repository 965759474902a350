using System.Runtime.InteropServices;

namespace Containerception.Conformance.Tests;

/// <summary>The calls that the base library lacks. A test wants no more than the result.</summary>
internal static unsafe partial class Posix
{
    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGKILL = 9;
    public const int SIGUSR1 = 10;
    public const int SIGTERM = 15;
    public const int SIGWINCH = 28;
    private const int AT_FDCWD = -100;
    private const uint RENAME_EXCHANGE = 2;
    private const int SCM_RIGHTS = 1;
    private const int SOL_SOCKET = 1;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const ulong TIOCSWINSZ = 0x5414;
    private const ulong SECCOMP_IOCTL_NOTIF_RECV = 0xc0502100;
    private const ulong SECCOMP_IOCTL_NOTIF_SEND = 0xc0182101;

    public static void Kill(int pid, int signal) => _ = kill(pid, signal);

    public static void Signal(this Command command, int signal) => Kill(command.Pid, signal);

    public static void Chown(string path, uint uid, uint gid) => Done(chown(path, uid, gid), "chown");

    public static void MakeFifo(string path) => Done(mkfifo(path, 0x1B6), "mkfifo");

    /// <summary>Lets two names of one folder change places, in one instant. renameat2(2), RENAME_EXCHANGE.</summary>
    public static void Exchange(string one, string other) => Done(renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE), "renameat2");

    public static void SetWindowSize(int terminal, ushort rows, ushort columns)
    {
        ushort* size = stackalloc ushort[4] { rows, columns, 0, 0 };
        Done(ioctl(terminal, TIOCSWINSZ, size), "ioctl(TIOCSWINSZ)");
    }

    /// <summary>Reads what a terminal's master has: empty at its end, which the kernel calls EIO.</summary>
    public static byte[] Read(int fd)
    {
        byte[] buffer = new byte[4096];
        fixed (byte* start = buffer)
        {
            nint count = read(fd, start, (nuint)buffer.Length);
            return count <= 0 ? [] : buffer[..(int)count];
        }
    }

    public static void Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            Done((int)write(fd, start, (nuint)bytes.Length), "write");
        }
    }

    public static void Close(int fd) => _ = close(fd);

    /// <summary>Takes one call that a filter asks about, and lets it fail. seccomp_unotify(2).</summary>
    public static void RefuseNotified(int listener, int errno)
    {
        byte* notification = stackalloc byte[80];
        new Span<byte>(notification, 80).Clear();
        Done(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification), "ioctl(SECCOMP_IOCTL_NOTIF_RECV)");

        // struct seccomp_notif_resp: the id, a value, a negative errno, flags.
        long* answer = stackalloc long[3] { *(long*)notification, 0, (uint)-errno };
        Done(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer), "ioctl(SECCOMP_IOCTL_NOTIF_SEND)");
    }

    /// <summary>Takes one call that a filter asks about, and lets it be made. False when nobody is left who could ask.</summary>
    public static bool AllowNotified(int listener)
    {
        byte* notification = stackalloc byte[80];
        new Span<byte>(notification, 80).Clear();
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification) < 0)
        {
            return false;
        }

        // SECCOMP_USER_NOTIF_FLAG_CONTINUE, in the upper half of the last word.
        long* answer = stackalloc long[3] { *(long*)notification, 0, 1L << 32 };
        return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer) >= 0;
    }

    /// <summary>Receives one message with one descriptor in it. unix(7), SCM_RIGHTS.</summary>
    public static (int Fd, byte[] Body) ReceiveDescriptor(int socket)
    {
        byte[] body = new byte[4096];
        byte* control = stackalloc byte[64];
        fixed (byte* start = body)
        {
            IoVector vector = new() { Base = start, Length = (nuint)body.Length };
            MessageHeader header = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 64 };
            nint count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
            Done((int)count, "recvmsg");

            // struct cmsghdr: size_t length, int level, int type, then the descriptor.
            Assert.True(header.ControlLength >= 20, "the message carries no descriptor");
            Assert.Equal((SOL_SOCKET, SCM_RIGHTS), (*(int*)(control + 8), *(int*)(control + 12)));
            return (*(int*)(control + 16), body[..(int)count]);
        }
    }

    private static void Done(int result, string call)
        => Assert.True(result >= 0, $"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint uid, uint gid);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, ulong request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, MessageHeader* header, int flags);

    private struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
