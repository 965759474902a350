using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Who is connected to a supervisor: the client for whom the container was started, and whoever comes to its socket.</summary>
internal sealed class Clients : IDisposable
{
    /// <summary>In the container's directory.</summary>
    public const string SocketName = "attach.sock";

    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly IClientRequests _requests;
    private readonly string _path;
    private readonly SafeFileHandle _socket;
    private readonly EventLoop.Watch _accepting;
    private readonly List<Client> _clients = [];

    /// <param name="loop">In which they are waited for.</param>
    /// <param name="directory">The container's.</param>
    /// <param name="first">The connection of the first one; null without.</param>
    /// <param name="requests">Who does what they ask for.</param>
    public Clients(EventLoop loop, string directory, SafeFileHandle? first, IClientRequests requests)
    {
        _loop = loop;
        _requests = requests;
        _path = Path.Join(directory, SocketName);
        if (first is not null)
        {
            Add(Descriptors.Duplicate(first), isFirst: true);
            first.Dispose();
        }

        Files.TryUnlinkAt(Descriptor.WorkingDirectory, _path);
        _socket = UnixSockets.Create(UnixSocketType.SOCK_STREAM, nonBlocking: true);
        UnixSockets.Bind(_socket, _path);
        Files.FchmodAt(Descriptor.WorkingDirectory, _path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        UnixSockets.Listen(_socket);
        _accepting = _loop.Add(_socket, EpollEvents.EPOLLIN, _ => Accept());
    }

    /// <summary>The client for whom the container was started is there.</summary>
    public bool HasFirst => First is not null;

    /// <summary>It has not taken all that the program has said.</summary>
    public bool FirstIsBehind => First is { WaitingBytes: > 0 };

    /// <summary>It is so far behind that the program must wait for it: it is to get everything, as from a program that it ran itself.</summary>
    public bool FirstHoldsUp => First is { WaitingBytes: > Client.WaitingBytesMax };

    private Client? First => _clients.Find(client => client is { IsFirst: true, IsGone: false });

    /// <summary>What the program said, to all who want it.</summary>
    public void Send(FrameKind stream, ReadOnlySpan<byte> bytes)
    {
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            if (_clients[i].WantsOutput)
            {
                _clients[i].Send(stream, bytes);
            }
        }

        Forget();
    }

    public void SendEnded(int exitCode, bool forGood)
    {
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            _clients[i].SendEnded(exitCode, forGood);
        }

        Forget();
    }

    /// <summary>Waits no longer for the first client.</summary>
    public void LetFirstGo()
    {
        First?.Dispose();
        Forget();
    }

    /// <summary>Those who are gone are none any more.</summary>
    public void Forget() => _clients.RemoveAll(client => client.IsGone);

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _socket.Dispose();
        Files.TryUnlinkAt(Descriptor.WorkingDirectory, _path);
    }

    private void Accept()
    {
        try
        {
            if (UnixSockets.Accept(_socket) is { } connection)
            {
                Add(connection, isFirst: false);
            }
        }
        catch (LinuxException)
        {
            // No descriptors, perhaps: to be told so again at once would keep the loop from everything else.
            _accepting.Change(EpollEvents.None);
            _loop.After(AcceptPause, () => _accepting.Change(EpollEvents.EPOLLIN));
        }
    }

    private void Add(SafeFileHandle connection, bool isFirst) => _clients.Add(new Client(_loop, connection, isFirst, _requests));
}
