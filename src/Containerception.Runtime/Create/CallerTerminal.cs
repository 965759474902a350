using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What process.terminal means for who asks: somebody must take the pty's master, and it has a size from the start.</summary>
internal static class CallerTerminal
{
    /// <exception cref="ContainerException">Nobody would take the master; or a socket is given that would get none.</exception>
    public static void Check(ProcessConfig process, bool detached, string? consoleSocket)
    {
        if (process.Terminal && detached && consoleSocket is null)
        {
            throw new ContainerException(FailureKind.Invalid, "cannot allocate tty if runc will detach without setting console socket", "give --console-socket, or set process.terminal to false");
        }

        if (process.Terminal && !detached)
        {
            RequireOwn();
        }

        if (consoleSocket is not null && (!process.Terminal || !detached))
        {
            throw new ContainerException(FailureKind.Invalid, "cannot use console socket if runc will not detach or allocate tty");
        }
    }

    /// <summary>What the container's terminal is copied to: one of the standard streams, or at least a controlling terminal.</summary>
    private static void RequireOwn()
    {
        for (int number = 0; number <= 2; number++)
        {
            if (Terminals.IsTerminal(Descriptors.Borrow(number)))
            {
                return;
            }
        }

        try
        {
            Files.Open("/dev/tty", OpenFlags.O_RDONLY | OpenFlags.O_NOCTTY | OpenFlags.O_CLOEXEC).Dispose();
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(
                FailureKind.Invalid, $"process.terminal: the caller has no terminal to connect it to: open /dev/tty: {LinuxException.Describe(failure.Errno)}",
                "run it from a terminal, detach with --console-socket, or set process.terminal to false", failure);
        }
    }

    /// <summary>process.consoleSize, else the size of the caller's own terminal; null when there is neither.</summary>
    public static WindowSize? Size(ProcessConfig process)
    {
        if (process.ConsoleSize is { } size)
        {
            return new WindowSize((ushort)size.Height, (ushort)size.Width);
        }

        SafeFileHandle input = Descriptors.Borrow(0);
        return process.Terminal && Terminals.IsTerminal(input) ? Terminals.GetSize(input) : null;
    }
}
