using System.Diagnostics;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Passes on the datagrams that come to one port. Each client has a socket to the container, by which its answers are known; after a time without
/// datagrams, or when there are too many, the one that was silent for longest loses it.
/// </summary>
internal sealed class DatagramRelay : IDisposable
{
    private const int DatagramBytesMax = 64 << 10;
    private const int AtOnce = 32;
    private const int FlowsMax = 1024;

    // As connection tracking has it for streams of datagrams: nf_conntrack_udp_timeout_stream.
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(20);

    private static readonly byte[] s_buffer = new byte[DatagramBytesMax];

    private readonly EventLoop _loop;
    private readonly SafeFileHandle _socket;
    private readonly InternetAddress _target;
    private readonly ReturnPath _path;
    private readonly EventLoop.Watch _watch;
    private readonly Dictionary<InternetAddress, Flow> _flows = [];
    private EventLoop.Alarm? _look;

    /// <param name="loop">In which it is waited for.</param>
    /// <param name="socket">Bound; belongs to this from now on.</param>
    /// <param name="port">Where it is bound, and where in the container it leads.</param>
    /// <param name="path">How the container is spoken to.</param>
    public DatagramRelay(EventLoop loop, SafeFileHandle socket, RelayedPort port, ReturnPath path)
    {
        _loop = loop;
        _socket = socket;
        _target = port.Target;
        _path = path;
        Descriptors.SetNonBlocking(socket, true);
        InternetSocketOptions.SetTellsDestination(socket, port.Host);
        _watch = loop.Add(socket, EpollEvents.EPOLLIN, _ => TakeAll());
    }

    public void Dispose()
    {
        _look?.Dispose();
        foreach (Flow flow in _flows.Values)
        {
            flow.Dispose();
        }

        _flows.Clear();
        _watch.Dispose();
        _socket.Dispose();
    }

    private void TakeAll()
    {
        for (int i = 0; i < AtOnce; i++)
        {
            try
            {
                int count = InternetMessages.TryReceive(_socket, s_buffer, out InternetAddress from, out LocalEnd to);
                if (count < 0)
                {
                    return;
                }

                Send(from, to, count);
            }
            catch (LinuxException)
            {
                // A refusal of an earlier datagram, told here; or no way there. Whoever sends datagrams sends them again.
            }
        }
    }

    private void Send(in InternetAddress from, in LocalEnd to, int count)
    {
        Flow flow = _flows.TryGetValue(from, out Flow? known) ? known : Begin(from);
        flow.LocalEnd = to;
        flow.Used = Stopwatch.GetTimestamp();

        // One that finds no room is lost, as on any way.
        InternetSockets.TrySend(flow.Socket, s_buffer.AsSpan(0, count), _target);
    }

    private Flow Begin(InternetAddress from)
    {
        if (_flows.Count >= FlowsMax)
        {
            Forget(_flows.MinBy(flow => flow.Value.Used).Key);
        }

        Flow flow = new(_path.Connect(InternetSocketType.SOCK_DGRAM, from, _target, out _));
        _flows.Add(from, flow);
        flow.Watch = _loop.Add(flow.Socket, EpollEvents.EPOLLIN, _ => AnswerAll(from, flow));
        _look ??= _loop.After(LookEvery, ForgetIdle);
        return flow;
    }

    private void AnswerAll(in InternetAddress client, Flow flow)
    {
        for (int i = 0; i < AtOnce; i++)
        {
            try
            {
                int count = InternetSockets.TryReceive(flow.Socket, s_buffer, out _);
                if (count < 0)
                {
                    return;
                }

                flow.Used = Stopwatch.GetTimestamp();
                InternetMessages.TrySend(_socket, s_buffer.AsSpan(0, count), client, flow.LocalEnd);
            }
            catch (LinuxException)
            {
                // As above.
            }
        }
    }

    private void ForgetIdle()
    {
        foreach ((InternetAddress client, Flow flow) in _flows.ToArray())
        {
            if (Stopwatch.GetElapsedTime(flow.Used) > IdleMax)
            {
                Forget(client);
            }
        }

        _look = _flows.Count > 0 ? _loop.After(LookEvery, ForgetIdle) : null;
    }

    private void Forget(in InternetAddress client)
    {
        if (_flows.Remove(client, out Flow? flow))
        {
            flow.Dispose();
        }
    }

    private sealed class Flow(SafeFileHandle socket) : IDisposable
    {
        public SafeFileHandle Socket { get; } = socket;

        public EventLoop.Watch? Watch { get; set; }

        public LocalEnd LocalEnd { get; set; }

        public long Used { get; set; }

        public void Dispose()
        {
            Watch?.Dispose();
            Socket.Dispose();
        }
    }
}
