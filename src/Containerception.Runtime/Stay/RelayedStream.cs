using System.Buffers;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Two connections that are one: what comes from one side goes to the other, each direction ends for itself, and a reset is passed on. What a side does
/// not take is kept, and no more is read for it until it does: so each waits as if it spoke to the other itself.
/// </summary>
internal sealed class RelayedStream : IDisposable
{
    // Also the most that is kept in each direction.
    private const int BufferBytes = 64 << 10;

    // Others have their turn then.
    private const int ReadsAtOnce = 8;

    // One thread, which has passed on what is in here, or copied it, before it reads again.
    private static readonly byte[] s_buffer = new byte[BufferBytes];

    private readonly EventLoop _loop;
    private readonly Side _client;
    private readonly Side _container;
    private bool _isConnected;
    private bool _isOver;

    private RelayedStream(EventLoop loop, SafeFileHandle client, SafeFileHandle container)
    {
        _loop = loop;
        _client = new Side(client);
        _container = new Side(container);
    }

    /// <summary>Relays from now on; both sockets belong to it, and it lives as long as they do.</summary>
    /// <param name="loop">In which it is waited for.</param>
    /// <param name="client">Connected.</param>
    /// <param name="container">Connected, or about to be.</param>
    public static void Begin(EventLoop loop, SafeFileHandle client, SafeFileHandle container)
    {
#pragma warning disable CA2000 // The loop's, until both sides have ended.
        RelayedStream stream = new(loop, client, container);
#pragma warning restore CA2000
        try
        {
            InternetSocketOptions.SetForRelay(container);
            stream.WaitFor(stream._container, stream._client, EpollEvents.EPOLLOUT);
        }
        catch (LinuxException)
        {
            stream.Reset();
        }
    }

    public void Dispose()
    {
        _isOver = true;
        _client.Dispose();
        _container.Dispose();
    }

    private void Serve(Side side, Side other, EpollEvents events)
    {
        try
        {
            if (!_isConnected)
            {
                _isConnected = true;
                if (InternetSocketOptions.TakeError(_container.Socket) != Errno.None)
                {
                    Reset();
                    return;
                }
            }

            if (events.HasFlag(EpollEvents.EPOLLOUT))
            {
                Flush(side, other);
            }

            if ((events & ~EpollEvents.EPOLLOUT) != EpollEvents.None)
            {
                Pump(side, other);
            }

            WaitOn();
        }
        catch (LinuxException)
        {
            // One of the two is gone; the other one hears it in the same way.
            Reset();
        }
    }

    private static void Pump(Side from, Side to)
    {
        for (int i = 0; i < ReadsAtOnce && to.IsFlushed && !from.HasEnded; i++)
        {
            int count = FileContents.TryRead(from.Socket, s_buffer);
            if (count < 0)
            {
                return;
            }

            if (count == 0)
            {
                from.HasEnded = true;
                to.EndOutput();
                return;
            }

            to.Write(s_buffer.AsSpan(0, count));
        }
    }

    private static void Flush(Side side, Side other)
    {
        side.Flush();
        if (side.IsFlushed && other.HasEnded)
        {
            side.EndOutput();
        }
    }

    private void WaitOn()
    {
        if (_client.IsDone && _container.IsDone)
        {
            Dispose();
            return;
        }

        WaitFor(_client, _container, Wanted(_client, _container));
        WaitFor(_container, _client, Wanted(_container, _client));
    }

    private static EpollEvents Wanted(Side side, Side other)
        => (!side.HasEnded && other.IsFlushed ? EpollEvents.EPOLLIN : EpollEvents.None) | (side.IsFlushed ? EpollEvents.None : EpollEvents.EPOLLOUT);

    private void WaitFor(Side side, Side other, EpollEvents events)
    {
        if (events == side.Awaited)
        {
            return;
        }

        // The end of both directions would be told again and again, whatever is waited for: who waits for nothing is taken out.
        if (events == EpollEvents.None)
        {
            side.Watch?.Dispose();
            side.Watch = null;
        }
        else if (side.Watch is null)
        {
            side.Watch = _loop.Add(side.Socket, events, told => Serve(side, other, told));
        }
        else
        {
            side.Watch.Change(events);
        }

        side.Awaited = events;
    }

    private void Reset()
    {
        if (!_isOver)
        {
            InternetSocketOptions.SetResetsAtEnd(_client.Socket);
            InternetSocketOptions.SetResetsAtEnd(_container.Socket);
            Dispose();
        }
    }

    /// <summary>One of the two, and what waits to be sent to it.</summary>
    private sealed class Side(SafeFileHandle socket) : IDisposable
    {
        private byte[]? _waiting;
        private int _begin;
        private int _end;
        private bool _isOutputEnded;

        public SafeFileHandle Socket { get; } = socket;

        public EventLoop.Watch? Watch { get; set; }

        public EpollEvents Awaited { get; set; }

        /// <summary>Nothing more comes from it.</summary>
        public bool HasEnded { get; set; }

        public bool IsFlushed => _waiting is null;

        /// <summary>Nor does anything go there.</summary>
        public bool IsDone => HasEnded && _isOutputEnded;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            int written = Math.Max(0, FileContents.TryWrite(Socket, bytes));
            if (written < bytes.Length)
            {
                _waiting = ArrayPool<byte>.Shared.Rent(BufferBytes);
                bytes[written..].CopyTo(_waiting);
                (_begin, _end) = (0, bytes.Length - written);
            }
        }

        public void Flush()
        {
            while (_begin < _end && FileContents.TryWrite(Socket, _waiting.AsSpan(_begin.._end)) is int count and >= 0)
            {
                _begin += count;
            }

            if (_begin == _end)
            {
                GiveBack();
            }
        }

        public void EndOutput()
        {
            InternetSockets.EndOutput(Socket);
            _isOutputEnded = true;
        }

        public void Dispose()
        {
            Watch?.Dispose();
            Socket.Dispose();
            GiveBack();
        }

        private void GiveBack()
        {
            if (_waiting is not null)
            {
                ArrayPool<byte>.Shared.Return(_waiting);
                _waiting = null;
            }
        }
    }
}
