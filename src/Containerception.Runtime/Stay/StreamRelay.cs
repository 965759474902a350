using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Takes the connections to one port, and connects each with the container.</summary>
internal sealed class StreamRelay : IDisposable
{
    private const int AtOnce = 16;

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly EventLoop _loop;
    private readonly SafeFileHandle _listener;
    private readonly InternetAddress _target;
    private readonly ReturnPath _path;
    private readonly EventLoop.Watch _watch;
    private EventLoop.Alarm? _pause;

    /// <param name="loop">In which it is waited for.</param>
    /// <param name="listener">Listens; belongs to this from now on.</param>
    /// <param name="target">In the container.</param>
    /// <param name="path">How it is spoken to.</param>
    public StreamRelay(EventLoop loop, SafeFileHandle listener, in InternetAddress target, ReturnPath path)
    {
        _loop = loop;
        _listener = listener;
        _target = target;
        _path = path;
        Descriptors.SetNonBlocking(listener, true);
        _watch = loop.Add(listener, EpollEvents.EPOLLIN, _ => Accept());
    }

    /// <summary>No more connections are taken. Those that are there go on.</summary>
    public void Dispose()
    {
        _pause?.Dispose();
        _watch.Dispose();
        _listener.Dispose();
    }

    private void Accept()
    {
        try
        {
            for (int i = 0; i < AtOnce && InternetSockets.TryAccept(_listener, out InternetAddress from) is { } client; i++)
            {
                Connect(client, from);
            }
        }
        catch (LinuxException)
        {
            // No descriptors, perhaps: to be told so again at once would keep the loop from everything else, and they become free with time.
            _watch.Change(EpollEvents.None);
            _pause = _loop.After(AcceptPause, () => _watch.Change(EpollEvents.EPOLLIN));
        }
    }

    private void Connect(SafeFileHandle client, in InternetAddress from)
    {
        try
        {
            InternetSocketOptions.SetForRelay(client);
            SafeFileHandle container = _path.Connect(InternetSocketType.SOCK_STREAM, from, _target, out _);
            RelayedStream.Begin(_loop, client, container);
        }
        catch (LinuxException)
        {
            // Nobody is there: as if the client had asked the container itself.
            InternetSocketOptions.SetResetsAtEnd(client);
            client.Dispose();
        }
    }
}
