using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// A supervisor's <see cref="RelayProcess"/>: there is one while a port of the machine must be led to a container that is in another network namespace than the
/// machine's, and it is started again when somebody ends it. It has the container's lock too: who gets that finds the ports free.
/// </summary>
internal sealed class PortRelay : IDisposable
{
    private const string Program = "/proc/self/exe";
    private const int AnswerMilliseconds = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly SupervisorDescriptors _inherited;
    private readonly string _directory;
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
        if (inherited.Held.Count > 0)
        {
            Start();
        }
    }

    /// <summary>Leads a port that is held from now on.</summary>
    public void Add(string key)
    {
        if (_control is null)
        {
            Start();
        }
        else
        {
            Send(_control, key);
        }
    }

    /// <summary>Leads one no more. Its socket is closed there when this returns.</summary>
    public void Remove(string key)
    {
        if (_control is null)
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
        Leave();
    }

    private void Start()
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using (theirs)
        using (SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR))
        {
            _control = ours;
            Spawning.PosixSpawn(
                Program, ["ception", "relay", _directory], [], theirs, nothing, nothing, third: _inherited.Network, further: [_inherited.Lock]);
        }

        _watch = _loop.Add(ours, EpollEvents.EPOLLIN, _ => Heard());
        foreach (string key in _inherited.Held.Keys)
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
        _again = _loop.After(Pause, StartAgain);
    }

    private void StartAgain()
    {
        _again = null;
        try
        {
            Start();
        }
        catch (LinuxException)
        {
            // The container goes on without it, until there is memory again.
            Leave();
            _again = _loop.After(Pause, StartAgain);
        }
    }

    private void Leave()
    {
        _watch?.Dispose();
        _control?.Dispose();
        (_watch, _control) = (null, null);
    }
}
