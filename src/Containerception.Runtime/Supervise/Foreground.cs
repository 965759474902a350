using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Stays with a process until it ends: passes signals on, keeps its terminal the size of ours, reaps what is left to us. One thread, one
/// epoll, no handlers.
/// </summary>
internal sealed class Foreground : IDisposable
{
    private const ulong SignalToken = 1;
    private const ulong ProcessToken = 2;
    private const ulong NotifyToken = 3;
    private const int EventsMax = 8;

    private readonly SafeFileHandle _signals;
    private readonly SafeFileHandle _epoll;
    private WaitStatus? _status;

    private Foreground(SignalSet before)
    {
        Before = before;
        _signals = Signals.Descriptor(SignalSet.All);
        _epoll = Epoll.Create();
        Epoll.Add(_epoll, _signals, EpollEvents.EPOLLIN, SignalToken);
    }

    /// <summary>The signal mask that the caller had, and the program shall have.</summary>
    public SignalSet Before { get; }

    /// <summary>From here on no signal is lost: each waits until <see cref="Wait"/> reads it.</summary>
    public static Foreground Begin() => new(Signals.BlockForProcess(SignalSet.All));

    /// <returns>The exit status, 128 + signal for a signal.</returns>
    public int Wait(int pid, SafeFileHandle pidfd, SafeFileHandle? terminal, NotifyProxy? notify = null)
    {
        if (notify is not null)
        {
            Epoll.Add(_epoll, notify.Socket, EpollEvents.EPOLLIN, NotifyToken);
        }

        Epoll.Add(_epoll, pidfd, EpollEvents.EPOLLIN, ProcessToken);
        using TerminalRelay? relay = terminal is null ? null : TerminalRelay.Begin(terminal, _epoll);
        Span<EpollEvent> events = stackalloc EpollEvent[EventsMax];
        while (true)
        {
            int count = Epoll.Wait(_epoll, events);
            bool ended = false;
            foreach (EpollEvent item in events[..count])
            {
                switch (item.Token)
                {
                    case SignalToken:
                        PassSignals(pid, pidfd, relay);
                        break;
                    case ProcessToken:
                        ended = true;
                        break;
                    case NotifyToken:
                        PassReadiness(notify!);
                        break;
                    default:
                        relay!.Copy(item.Token);
                        break;
                }
            }

            if (ended)
            {
                relay?.Drain();
                return (_status ?? Waiting.Wait(pidfd)).ExitCode;
            }
        }
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _signals.Dispose();
        Signals.SetMask(Before);
    }

    /// <summary>We stay, so we are who the service manager watches. Once that is said the socket is closed: what nobody reads would fill it, and hold the program up.</summary>
    private void PassReadiness(NotifyProxy notify)
    {
        if (notify.Relay(Processes.GetPid()))
        {
            Epoll.Remove(_epoll, notify.Socket);
            notify.Dispose();
        }
    }

    private void PassSignals(int pid, SafeFileHandle pidfd, TerminalRelay? relay)
    {
        while (Signals.TryRead(_signals) is { } received)
        {
            switch (received.Signal)
            {
                case Signal.SIGCHLD:
                    Reap(pid);
                    break;
                case Signal.SIGWINCH when relay is not null:
                    relay.Resize();
                    break;
                case Signal.SIGURG or Signal.SIGPIPE:
                    break;
                default:
                    Processes.PidfdSendSignal(pidfd, received.Signal);
                    break;
            }
        }
    }

    /// <summary>Orphans of the container come to us as their subreaper, and in any order with init itself.</summary>
    private void Reap(int pid)
    {
        while (Waiting.TryWaitAny() is { } ended)
        {
            _status = ended.Pid == pid ? ended : _status;
        }
    }
}
