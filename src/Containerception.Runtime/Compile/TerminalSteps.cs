using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// The container's terminal: a pty of its own devpts, whose master goes to the parent. The slave is taken from the master (TIOCGPTPEER), never
/// opened by name, which the container could have made a link (CVE-2025-52565).
/// </summary>
internal static class TerminalSteps
{
    private const uint TIOCGPTPEER = 0x5441;
    private const uint TIOCSPTLCK = 0x40045431;
    private const uint TIOCSCTTY = 0x540E;
    private const uint TIOCSWINSZ = 0x5414;
    private const int ConsoleMode = 0x8180; // S_IFREG | 0600

    /// <summary>Opens the pty below <paramref name="root"/>, hands the master over, makes the slave stdio and the controlling terminal.</summary>
    public static Slot Open(Compilation c, Arg root, WindowSize? size)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("terminal", "open a terminal of the container's own /dev/pts", "process.terminal", failure: "open a terminal in /dev/pts of the container");
        nint noLinks = c.OpenHow(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_SYMLINKS);
        Slot pts = b.Take(SyscallNumbers.SYS_openat2, root, b.Text("/dev/pts"), noLinks, Compilation.OpenHowSize);
        c.VerifyFileSystem(pts, FileSystemMagic.DEVPTS_SUPER_MAGIC, Errno.ENODEV);
        nint flags = Compilation.ToNative(OpenFlags.O_RDWR | OpenFlags.O_NOCTTY | OpenFlags.O_CLOEXEC);
        Slot master = b.Take(SyscallNumbers.SYS_openat, pts, b.Text("ptmx"), flags, 0);
        b.Call(SyscallNumbers.SYS_ioctl, master, TIOCSPTLCK, c.Memory.Reserve(sizeof(int)));
        if (size is { } window)
        {
            // struct winsize: rows and columns, each 16 bits, then two of pixels.
            b.Call(SyscallNumbers.SYS_ioctl, master, TIOCSWINSZ, c.Memory.Words(window.Rows | (window.Columns << 16)));
        }

        Slot slave = b.Take(SyscallNumbers.SYS_ioctl, master, TIOCGPTPEER, flags);
        b.Close(pts);
        Conversation.SendDescriptor(c, master);
        b.Close(master);
        return slave;
    }

    /// <summary>Makes the slave stdio and the controlling terminal; closes its own descriptor.</summary>
    public static void Take(Compilation c, Slot slave, uint uid)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("terminal", "make it standard input, output and error", "process.terminal");
        if (uid != 0)
        {
            b.Call(SyscallNumbers.SYS_fchown, slave, uid, -1).Unless(Errno.EPERM, Errno.EINVAL);
        }

        for (int i = 0; i <= 2; i++)
        {
            b.Call(SyscallNumbers.SYS_dup3, slave, i, 0);
        }

        b.Call(SyscallNumbers.SYS_ioctl, slave, TIOCSCTTY, 0);
        b.Close(slave);
    }

    /// <summary>/dev/console, as a mount of the terminal. The file is made without following a link.</summary>
    public static void BindConsole(Compilation c, Slot slave)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("console", "bind the terminal on /dev/console", "runtime-spec: /dev/console is the terminal when there is one");
        Slot dev = c.OpenTarget("/dev", directory: true);
        b.Call(SyscallNumbers.SYS_mknodat, dev, b.Text("console"), ConsoleMode, 0).Unless(Errno.EEXIST);
        nint noLinks = c.OpenHow(OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_SYMLINKS);
        Slot console = b.Take(SyscallNumbers.SYS_openat2, dev, b.Text("console"), noLinks, Compilation.OpenHowSize);
        Slot tree = c.CloneTree(slave).Into(b.NewSlot());
        c.Attach(tree, console);
        b.Close(dev);
    }
}
