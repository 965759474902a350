using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class TerminalsTests
{
    [Fact]
    public void A_window_has_the_size_that_its_master_says()
    {
        using SafeFileHandle master = Open(out SafeFileHandle slave);
        using (slave)
        {
            Terminals.SetSize(master, new WindowSize(25, 80));

            Assert.Equal(new WindowSize(25, 80), Terminals.GetSize(slave));
            Assert.True(Terminals.IsTerminal(slave));
            Assert.True(Terminals.NumberOf(master) >= 0);
        }
    }

    [Fact]
    public void A_raw_terminal_passes_every_byte_on_and_can_be_put_back()
    {
        using SafeFileHandle master = Open(out SafeFileHandle slave);
        using (slave)
        {
            byte[] buffer = new byte[16];
            TerminalSettings before = Terminals.MakeRaw(slave);
            FileContents.WriteAll(slave, "a\n"u8);
            Assert.Equal("a\n"u8.ToArray(), buffer[..FileContents.Read(master, buffer)]);

            Terminals.SetSettings(slave, before);
            FileContents.WriteAll(slave, "a\n"u8);
            Assert.Equal("a\r\n"u8.ToArray(), buffer[..FileContents.Read(master, buffer)]);
        }
    }

    [Fact]
    public void A_file_is_no_terminal()
    {
        using Scratch scratch = new();
        using SafeFileHandle file = Files.Open(scratch.File("file"), OpenFlags.O_RDWR);

        Assert.False(Terminals.IsTerminal(file));
        LinuxException error = Assert.Throws<LinuxException>(() => Terminals.SetSize(file, new WindowSize(1, 2)));
        Assert.EndsWith("/file>, TIOCSWINSZ, 1 rows, 2 columns): inappropriate ioctl for device (ENOTTY)", error.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.ENOTTY, Assert.Throws<LinuxException>(() => Terminals.SetControlling(file)).Errno);
        Assert.Equal(Errno.ENOTTY, Assert.Throws<LinuxException>(() => Terminals.GetForeground(file)).Errno);
    }

    private static SafeFileHandle Open(out SafeFileHandle slave)
    {
        SafeFileHandle master = Terminals.OpenMaster(Descriptor.WorkingDirectory, "/dev/ptmx");
        slave = Terminals.OpenSlave(master);
        return master;
    }
}
