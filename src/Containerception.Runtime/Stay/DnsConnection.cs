using System.Buffers.Binary;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Somebody who asks over a stream, one question after the other or many at once: each message has its length before it (RFC 1035, 4.2.2; RFC 7766).
/// </summary>
internal sealed class DnsConnection : DnsAsker, IDisposable
{
    // Whoever asks on without reading the answers is let go.
    private const int WaitingBytesMax = 4 * DnsAnswer.BytesMax;
    private const int LengthBytes = 2;

    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop;
    private readonly SafeFileHandle _socket;
    private readonly DnsTaker _take;
    private readonly Action<DnsConnection> _gone;
    private readonly EventLoop.Watch _watch;
    private readonly byte[] _heard = new byte[LengthBytes + DnsServer.QuestionBytesMax];
    private readonly List<byte> _waiting = [];
    private EventLoop.Alarm? _idle;
    private int _heardBytes;
    private int _unanswered;
    private bool _hasAskedAll;
    private bool _isGone;

    /// <param name="loop">In which it is waited for.</param>
    /// <param name="socket">The connection, which belongs to this from now on.</param>
    /// <param name="take">Who answers.</param>
    /// <param name="gone">Is told when it has ended.</param>
    public DnsConnection(EventLoop loop, SafeFileHandle socket, DnsTaker take, Action<DnsConnection> gone)
    {
        _loop = loop;
        _socket = socket;
        _take = take;
        _gone = gone;
        Descriptors.SetNonBlocking(socket, true);
        _watch = loop.Add(socket, EpollEvents.EPOLLIN, Serve);
        WaitAnew();
    }

    public override bool IsStream => true;

    public override void Answer(ReadOnlySpan<byte> message)
    {
        if (_isGone)
        {
            return;
        }

        _unanswered--;
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)message.Length);
        _waiting.AddRange(length);
        _waiting.AddRange(message);
        Guard(Flush);
        if (_waiting.Count > WaitingBytesMax)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        if (!_isGone)
        {
            _isGone = true;
            _idle?.Dispose();
            _watch.Dispose();
            _socket.Dispose();
            _gone(this);
        }
    }

    private void WaitAnew()
    {
        _idle?.Dispose();
        _idle = _loop.After(IdleMax, Dispose);
    }

    private void Serve(EpollEvents events) => Guard(() =>
    {
        if (events.HasFlag(EpollEvents.EPOLLERR) || events.HasFlag(EpollEvents.EPOLLHUP))
        {
            Dispose();
            return;
        }

        WaitAnew();
        if (events.HasFlag(EpollEvents.EPOLLIN))
        {
            Receive();
        }

        Flush();
    });

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (LinuxException)
        {
            // The other side is gone.
            Dispose();
        }
    }

    private void Receive()
    {
        int count = FileContents.TryRead(_socket, _heard.AsSpan(_heardBytes));
        _hasAskedAll = count == 0;
        _heardBytes += Math.Max(count, 0);
        int begin = 0;
        while (!_isGone && _heardBytes - begin >= LengthBytes)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_heard.AsSpan(begin));
            if (length > DnsServer.QuestionBytesMax)
            {
                Dispose();
                return;
            }

            if (_heardBytes - begin < LengthBytes + length)
            {
                break;
            }

            _unanswered++;
            if (!_take(_heard.AsSpan(begin + LengthBytes, length), this))
            {
                Dispose();
                return;
            }

            begin += LengthBytes + length;
        }

        _heard.AsSpan(begin.._heardBytes).CopyTo(_heard);
        _heardBytes -= begin;
    }

    private void Flush()
    {
        if (_isGone)
        {
            return;
        }

        if (_waiting.Count > 0)
        {
            int taken = FileContents.TryWrite(_socket, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_waiting));
            _waiting.RemoveRange(0, Math.Max(taken, 0));
        }

        if (_hasAskedAll && _unanswered == 0 && _waiting.Count == 0)
        {
            Dispose();
        }
        else
        {
            _watch.Change((_hasAskedAll ? EpollEvents.None : EpollEvents.EPOLLIN) | (_waiting.Count > 0 ? EpollEvents.EPOLLOUT : EpollEvents.None));
        }
    }
}
