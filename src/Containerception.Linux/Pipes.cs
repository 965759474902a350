using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Pipes, and events: pipe2(2), eventfd(2). All close-on-exec.</summary>
public static partial class Pipes
{
    private const int O_CLOEXEC = 0x80000;
    private const int O_NONBLOCK = 0x800;
    private const int EFD_CLOEXEC = 0x80000;

    /// <summary>A pipe.</summary>
    /// <param name="nonBlocking">Both ends say EAGAIN instead of waiting.</param>
    public static unsafe (SafeFileHandle Read, SafeFileHandle Write) Create(bool nonBlocking = false)
    {
        int* ends = stackalloc int[2];
        int flags = O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0);
        Check.Result(pipe2(ends, flags), $"pipe2(0x{flags:x})");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>A counter that can be waited for. See eventfd(2).</summary>
    public static SafeFileHandle Event(uint initial = 0) => Check.Handle(eventfd(initial, EFD_CLOEXEC), $"eventfd({initial}, EFD_CLOEXEC)");

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);
}
