using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>struct winsize of sys/ioctl.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct WindowSize(ushort Rows, ushort Columns, ushort PixelWidth = 0, ushort PixelHeight = 0);

/// <summary>struct termios of termios.h as libc has it, the same on x86-64 and arm64: how a terminal behaves. To be kept and given back.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TerminalSettings
{
    internal const int ControlCharacters = 32;

    internal uint c_iflag;
    internal uint c_oflag;
    internal uint c_cflag;
    internal uint c_lflag;
    internal byte c_line;
    internal ControlBytes c_cc;
    internal uint c_ispeed;
    internal uint c_ospeed;

    [InlineArray(ControlCharacters)]
    internal struct ControlBytes
    {
        private byte _first;
    }
}

/// <summary>Pseudoterminals, and terminals: pty(7), ioctl_tty(2), termios(3). No call makes a terminal the controlling one by accident.</summary>
public static unsafe partial class Terminals
{
    private const nuint TIOCSCTTY = 0x540E;
    private const nuint TIOCGPGRP = 0x540F;
    private const nuint TIOCSPGRP = 0x5410;
    private const nuint TIOCGWINSZ = 0x5413;
    private const nuint TIOCSWINSZ = 0x5414;
    private const nuint TIOCNOTTY = 0x5422;
    private const nuint TIOCGPTPEER = 0x5441;
    private const nuint TIOCGPTN = 0x80045430;
    private const nuint TIOCSPTLCK = 0x40045431;
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int O_CLOEXEC = 0x80000;
    private const int TCSANOW = 0;
    private const uint ECHO = 8;

    /// <summary>A new pseudoterminal of a devpts instance: its master, unlocked.</summary>
    /// <param name="directory">The root of the devpts, or /dev with <c>ptmx</c> in it.</param>
    /// <param name="path">ptmx.</param>
    public static SafeFileHandle OpenMaster(SafeFileHandle directory, string path)
    {
        SafeFileHandle master = Files.OpenAt(directory, path, OpenFlags.O_RDWR | OpenFlags.O_NOCTTY);
        try
        {
            int locked = 0;
            Check.Result(ioctl(master, TIOCSPTLCK, &locked), $"ioctl({master}, TIOCSPTLCK, [0])");
            return master;
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>The other side of a pseudoterminal, found without a path: the name may lead elsewhere in a container. Since Linux 4.13.</summary>
    public static SafeFileHandle OpenSlave(SafeFileHandle master)
        => Check.Handle(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), $"ioctl({master}, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC)");

    /// <summary>The name of the other side in its devpts: 0 is pts/0.</summary>
    public static int NumberOf(SafeFileHandle master)
    {
        int number = 0;
        Check.Result(ioctl(master, TIOCGPTN, &number), $"ioctl({master}, TIOCGPTN)");
        return number;
    }

    /// <summary>Makes a terminal the controlling one of this session, whose leader the caller is and which has none.</summary>
    public static void SetControlling(SafeFileHandle terminal) => Check.Result(ioctl(terminal, TIOCSCTTY, 0), $"ioctl({terminal}, TIOCSCTTY, 0)");

    /// <summary>Gives the controlling terminal up.</summary>
    public static void GiveUpControlling(SafeFileHandle terminal) => Check.Result(ioctl(terminal, TIOCNOTTY, 0), $"ioctl({terminal}, TIOCNOTTY)");

    /// <summary>The process group in the foreground.</summary>
    public static int GetForeground(SafeFileHandle terminal)
    {
        int group = 0;
        Check.Result(ioctl(terminal, TIOCGPGRP, &group), $"ioctl({terminal}, TIOCGPGRP)");
        return group;
    }

    /// <summary>Puts a process group in the foreground: tcsetpgrp(3).</summary>
    public static void SetForeground(SafeFileHandle terminal, int group)
        => Check.Result(ioctl(terminal, TIOCSPGRP, &group), $"ioctl({terminal}, TIOCSPGRP, [{group}])");

    /// <summary>Whether it is a terminal.</summary>
    public static bool IsTerminal(SafeFileHandle file) => tcgetattr(file, out _) == 0;

    /// <summary>How large the window is.</summary>
    public static WindowSize GetSize(SafeFileHandle terminal)
    {
        WindowSize size = default;
        Check.Result(ioctl(terminal, TIOCGWINSZ, &size), $"ioctl({terminal}, TIOCGWINSZ)");
        return size;
    }

    /// <summary>Says how large the window is; the foreground gets SIGWINCH when that is news.</summary>
    public static void SetSize(SafeFileHandle terminal, WindowSize size)
        => Check.Result(ioctl(terminal, TIOCSWINSZ, &size), $"ioctl({terminal}, TIOCSWINSZ, {size.Rows} rows, {size.Columns} columns)");

    /// <summary>How the terminal behaves.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENOTTY"/>: it is none.</exception>
    public static TerminalSettings GetSettings(SafeFileHandle terminal)
    {
        Check.Result(tcgetattr(terminal, out TerminalSettings settings), $"tcgetattr({terminal})");
        return settings;
    }

    /// <summary>Makes the terminal behave, at once.</summary>
    public static void SetSettings(SafeFileHandle terminal, in TerminalSettings settings)
        => Check.Result(tcsetattr(terminal, TCSANOW, settings), $"tcsetattr({terminal}, TCSANOW)");

    /// <summary>Passes every byte on, both ways, as it is; returns how the terminal behaved. See cfmakeraw(3).</summary>
    public static TerminalSettings MakeRaw(SafeFileHandle terminal)
    {
        TerminalSettings before = GetSettings(terminal);
        TerminalSettings raw = before;
        cfmakeraw(ref raw);
        SetSettings(terminal, raw);
        return before;
    }

    /// <summary>What is typed does not show; returns how the terminal behaved.</summary>
    public static TerminalSettings HideInput(SafeFileHandle terminal)
    {
        TerminalSettings before = GetSettings(terminal);
        TerminalSettings hidden = before;
        hidden.c_lflag &= ~ECHO;
        SetSettings(terminal, hidden);
        return before;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetattr(SafeFileHandle file, out TerminalSettings settings);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcsetattr(SafeFileHandle file, int when, in TerminalSettings settings);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(ref TerminalSettings settings);
}
