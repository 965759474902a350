using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>Passes on to the runtime, and so to the container, what this process is sent. docker's <c>--sig-proxy</c>.</summary>
internal sealed class SignalForwarding : IDisposable
{
    private const ulong SignalToken = 1;
    private const ulong EndToken = 2;

    private static readonly SignalSet Forwarded =
        SignalSet.Of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM, Signal.SIGUSR1, Signal.SIGUSR2);

    private readonly SignalSet _before;
    private readonly SafeFileHandle _signals;

    /// <summary>Keeps what arrives from now on.</summary>
    public SignalForwarding()
    {
        SignalSet wanted = Signals.Heeded(Forwarded);
        _before = Signals.BlockForProcess(wanted);
        _signals = Signals.Descriptor(wanted);
    }

    /// <summary>Waits for a child's end. What has arrived since this was made is passed on, and what will.</summary>
    /// <returns>Its exit status, 128 + signal for a signal.</returns>
    public int WaitFor(int pid)
    {
        using SafeFileHandle process = Linux.Processes.PidfdOpen(pid);
        using SafeFileHandle epoll = Epoll.Create();
        Epoll.Add(epoll, _signals, EpollEvents.EPOLLIN, SignalToken);
        Epoll.Add(epoll, process, EpollEvents.EPOLLIN, EndToken);
        Span<EpollEvent> events = stackalloc EpollEvent[2];
        while (true)
        {
            foreach (EpollEvent item in events[..Epoll.Wait(epoll, events)])
            {
                if (item.Token == EndToken)
                {
                    return Waiting.Wait(pid).ExitCode;
                }

                PassTo(pid);
            }
        }
    }

    public void Dispose()
    {
        // What came too late has nobody to be passed to, and is not to end us before we have tidied up.
        while (Signals.TryRead(_signals) is not null)
        {
        }

        _signals.Dispose();
        Signals.SetMask(_before);
    }

    // It is our child, and not buried: the number is its own.
    private void PassTo(int pid)
    {
        while (Signals.TryRead(_signals) is { } received)
        {
            Linux.Processes.Kill(pid, received.Signal);
        }
    }
}
