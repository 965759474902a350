using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// A supervisor's <see cref="RelayProcess"/>: there is one while a port of the machine must be led to a container that is in another network namespace than the
/// machine's, and it is started again when somebody ends it. It has the container's lock too: who gets that finds the ports free. Where the container is in the
/// machine's reach, the ports that must be relayed are few and mostly asked by nobody: then there is none until somebody asks.
/// </summary>
internal sealed class PortRelay : IDisposable
{
    private const string Program = "/proc/self/exe";
    private const int AnswerMilliseconds = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly SupervisorDescriptors _inherited;
    private readonly string _directory;
    private readonly Dictionary<string, EventLoop.Watch> _waiting = [];
    private SafeFileHandle? _control;
    private EventLoop.Watch? _watch;
    private EventLoop.Alarm? _again;

    /// <param name="loop">In which its end is waited for.</param>
    /// <param name="inherited">Where the network namespace, the lock and the sockets are.</param>
    /// <param name="directory">The container's: who lists processes sees whose it is.</param>
    public PortRelay(EventLoop loop, SupervisorDescriptors inherited, string directory)
    {
        _loop = loop;
        _inherited = inherited;
        _directory = directory;
        if (inherited.Held.Keys.Any(RelayedPort.Is))
        {
            Begin();
        }
    }

    private bool WaitsForSomebody => _inherited.Network is null;

    /// <summary>Leads a port that is held from now on, if it is one that must be relayed.</summary>
    public void Add(string key)
    {
        if (!RelayedPort.Is(key))
        {
            return;
        }

        if (_control is not null)
        {
            Send(_control, key);
        }
        else if (WaitsForSomebody)
        {
            WaitAt(key);
        }
        else
        {
            Start();
        }
    }

    /// <summary>Leads one no more. Its socket is closed there when this returns.</summary>
    public void Remove(string key)
    {
        if (_waiting.Remove(key, out EventLoop.Watch? watch))
        {
            watch.Dispose();
        }

        if (_control is null || !RelayedPort.Is(key))
        {
            return;
        }

        try
        {
            SocketMessages.Send(_control, [(byte)FrameKind.Release, .. Encoding.UTF8.GetBytes(key)]);
            if (Polling.Poll(_control, PollEvents.POLLIN, AnswerMilliseconds) != PollEvents.None)
            {
                FileContents.Read(_control, stackalloc byte[1]);
            }
        }
        catch (LinuxException gone) when (gone.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // Nobody has it then.
        }
    }

    public void Dispose()
    {
        _again?.Dispose();
        StopWaiting();
        Leave();
    }

    private void Begin()
    {
        if (!WaitsForSomebody)
        {
            Start();
            return;
        }

        foreach (string key in _inherited.Held.Keys.Where(RelayedPort.Is))
        {
            WaitAt(key);
        }
    }

    // A connection, or a datagram: the relay finds it there.
    private void WaitAt(string key)
    {
        if (_waiting.Remove(key, out EventLoop.Watch? earlier))
        {
            earlier.Dispose();
        }

        _waiting[key] = _loop.Add(_inherited.Held[key], EpollEvents.EPOLLIN, _ => TryStart());
    }

    private void StopWaiting()
    {
        foreach (EventLoop.Watch watch in _waiting.Values)
        {
            watch.Dispose();
        }

        _waiting.Clear();
    }

    private void Start()
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using (theirs)
        using (SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR))
        using (SafeFileHandle own = Files.Open("/proc/self/ns/net", OpenFlags.O_RDONLY))
        {
            _control = ours;
            Spawning.PosixSpawn(
                Program, ["ception", "relay", _directory], [], theirs, nothing, nothing, third: _inherited.Network ?? own, further: [_inherited.Lock]);
        }

        _watch = _loop.Add(ours, EpollEvents.EPOLLIN, _ => Heard());
        StopWaiting();
        foreach (string key in _inherited.Held.Keys.Where(RelayedPort.Is))
        {
            Send(ours, key);
        }
    }

    private void Send(SafeFileHandle control, string key)
    {
        try
        {
            SocketMessages.Send(control, [(byte)FrameKind.Hold, .. Encoding.UTF8.GetBytes(key)], _inherited.Held[key]);
        }
        catch (LinuxException gone) when (gone.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The next one hears of it.
        }
    }

    private void Heard()
    {
        try
        {
            // An answer that came too late to be waited for, or its end.
            if (FileContents.Read(_control!, stackalloc byte[1]) > 0)
            {
                return;
            }
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ECONNRESET)
        {
            // What was on its way to it is lost, and told anew to the next.
        }

        Leave();
        _again = _loop.After(Pause, BeginAgain);
    }

    private void BeginAgain()
    {
        _again = null;
        if (_control is not null)
        {
            // Somebody asked meanwhile.
            return;
        }

        if (WaitsForSomebody)
        {
            Begin();
        }
        else
        {
            TryStart();
        }
    }

    private void TryStart()
    {
        try
        {
            Start();
        }
        catch (LinuxException)
        {
            // The container goes on without it, until there is memory again.
            StopWaiting();
            Leave();
            _again = _loop.After(Pause, BeginAgain);
        }
    }

    private void Leave()
    {
        _watch?.Dispose();
        _control?.Dispose();
        (_watch, _control) = (null, null);
    }
}
