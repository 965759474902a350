using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class SignalsTests
{
    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("SIGTERM", 15)]
    [InlineData("sigterm", 15)]
    [InlineData("15", 15)]
    [InlineData("IOT", 6)]
    [InlineData("SIGCLD", 17)]
    [InlineData("POLL", 29)]
    [InlineData("RTMIN", 34)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("rtmax-1", 63)]
    [InlineData("64", 64)]
    public void A_signal_is_known_by_name_or_number(string text, int number)
    {
        Assert.True(Signals.TryParse(text, out Signal signal));
        Assert.Equal((Signal)number, signal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-1")]
    [InlineData("+9")]
    [InlineData("SIG")]
    [InlineData("SIG9")]
    [InlineData("NONE")]
    [InlineData("RTMIN-1")]
    [InlineData("RTMIN+31")]
    [InlineData("RTMAX+1")]
    [InlineData("KILL ")]
    public void What_is_no_signal_is_refused(string text) => Assert.False(Signals.TryParse(text, out _));

    [Fact]
    public void Every_signal_parses_from_its_name()
    {
        for (int number = 1; number <= Signals.RealTimeMax; number++)
        {
            Assert.True(Signals.TryParse(Signals.Name((Signal)number), out Signal signal));
            Assert.Equal((Signal)number, signal);
        }
    }

    [Fact]
    public void A_blocked_signal_comes_out_of_a_descriptor() => Alone.Run(() =>
    {
        SignalSet set = SignalSet.Of(Signal.SIGURG);
        SignalSet before = Signals.Block(set);
        using SafeFileHandle descriptor = Signals.Descriptor(set);
        Assert.Null(Signals.TryRead(descriptor));

        // To this thread: the others have not blocked it.
        Assert.Equal(0, tgkill(Environment.ProcessId, gettid(), (int)Signal.SIGURG));
        ReceivedSignal? received = Signals.TryRead(descriptor);

        Assert.Equal((Signal.SIGURG, Processes.GetPid()), (received?.Signal, received?.Pid));
        Assert.Equal(set.Bits | before.Bits, Signals.SetMask(before).Bits);
        Assert.False(before.Contains(Signal.SIGURG));
    });

    [Fact]
    public void A_signal_can_be_blocked_on_the_finalizers_thread_too()
    {
        // One that nothing else here uses: the mask of that thread stays.
        const Signal Unused = (Signal)50;

        Alone.Run(() => Signals.BlockForProcess(SignalSet.Of(Unused)));

        Assert.Contains(Directory.EnumerateDirectories("/proc/self/task"), task =>
            File.ReadAllText(Path.Join(task, "comm")).Contains("Finalizer", StringComparison.Ordinal)
            && File.ReadLines(Path.Join(task, "status")).Any(line => line.StartsWith("SigBlk:", StringComparison.Ordinal)
                && new SignalSet(Convert.ToUInt64(line[7..].Trim(), 16)).Contains(Unused)));
    }

    [Fact]
    public void A_disposition_that_cannot_be_changed_is_named()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => Signals.Ignore(Signal.SIGKILL));
        Assert.Equal("signal(SIGKILL, SIG_IGN): invalid argument (EINVAL)", error.Message);

        Signals.Ignore(Signal.SIGURG);
        Signals.SetDefault(Signal.SIGURG);
    }

    [System.Runtime.InteropServices.DllImport("libc")]
    private static extern int tgkill(int process, int thread, int signal);

    [System.Runtime.InteropServices.DllImport("libc")]
    private static extern int gettid();
}
