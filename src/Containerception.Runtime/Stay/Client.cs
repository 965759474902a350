using System.Buffers.Binary;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Does what a client asks for.</summary>
internal interface IClientRequests
{
    void Stdin(Client client, ReadOnlySpan<byte> bytes);

    void StdinEnded(Client client);

    void Resize(ushort rows, ushort columns);

    void Unread(Client client, FrameKind stream);

    /// <param name="kind">What is asked for.</param>
    /// <param name="content">What comes with it.</param>
    /// <param name="descriptors">What came along: whoever keeps one takes it out of the queue.</param>
    /// <returns>Null, or why it was not done.</returns>
    string? Request(FrameKind kind, ReadOnlySpan<byte> content, Queue<SafeFileHandle> descriptors);

    /// <summary>The client has gone, or speaks another language, or does not read: it was let go.</summary>
    void Left(Client client);

    /// <summary>Something came from the client, or what waited for it has become less.</summary>
    void Changed();
}

/// <summary>One connection to the supervisor. It never waits for the other side: what that does not take is kept, up to a bound.</summary>
internal sealed class Client : IDisposable
{
    /// <summary>Above this a client who must get everything holds up the program, and any other is let go.</summary>
    public const int WaitingBytesMax = 1 << 20;

    // Of one message; nobody asks for anything that takes more.
    private const int DescriptorsMax = 2;

    private readonly SafeFileHandle _socket;
    private readonly IClientRequests _requests;
    private readonly FrameReader _frames = new();
    private readonly Queue<SafeFileHandle> _descriptors = new();
    private readonly EventLoop.Watch _watch;
    private byte[] _waiting = [];
    private int _begin;
    private int _end;
    private bool _watched;

    /// <param name="loop">In which it is waited for.</param>
    /// <param name="socket">The connection, which belongs to the client from now on.</param>
    /// <param name="isFirst">The one that the container was started for: it gets everything that the program writes.</param>
    /// <param name="requests">Who does what it asks for.</param>
    public Client(EventLoop loop, SafeFileHandle socket, bool isFirst, IClientRequests requests)
    {
        _socket = socket;
        _requests = requests;
        IsFirst = isFirst;
        WantsOutput = isFirst;
        Descriptors.SetNonBlocking(socket, true);
        _watch = loop.Add(socket, EpollEvents.EPOLLIN, Serve);
    }

    public bool IsFirst { get; }

    public bool WantsOutput { get; private set; }

    public bool IsGone { get; private set; }

    /// <summary>Bytes that the other side has not taken yet.</summary>
    public int WaitingBytes => _end - _begin;

    public void Send(FrameKind kind, ReadOnlySpan<byte> content)
    {
        if (IsGone)
        {
            return;
        }

        Span<byte> header = stackalloc byte[Frame.HeaderBytes];
        Frame.WriteHeader(header, kind, content.Length);
        Queue(header);
        Queue(content);
        Flush();
        if (WaitingBytes > WaitingBytesMax && !IsFirst)
        {
            Leave();
        }
    }

    public void SendEnded(int exitCode, bool forGood)
    {
        Span<byte> content = stackalloc byte[5];
        BinaryPrimitives.WriteInt32LittleEndian(content, exitCode);
        content[4] = forGood ? (byte)1 : (byte)0;
        Send(FrameKind.Ended, content);
    }

    public void Dispose()
    {
        IsGone = true;
        while (_descriptors.TryDequeue(out SafeFileHandle? unclaimed))
        {
            unclaimed.Dispose();
        }

        _watch.Dispose();
        _socket.Dispose();
    }

    private void Serve(EpollEvents events)
    {
        try
        {
            if (events.HasFlag(EpollEvents.EPOLLOUT))
            {
                Flush();
            }

            if (!IsGone && (events & ~EpollEvents.EPOLLOUT) != EpollEvents.None)
            {
                Receive();
            }
        }
        catch (Exception failure) when (failure is LinuxException or FormatException)
        {
            // Whoever speaks another language, or is gone.
            Leave();
        }

        _requests.Changed();
    }

    private void Receive()
    {
        int count = SocketMessages.TryReceive(_socket, _frames.Space, out SafeFileHandle[] descriptors, DescriptorsMax);
        foreach (SafeFileHandle descriptor in descriptors)
        {
            _descriptors.Enqueue(descriptor);
        }

        if (count == 0)
        {
            Leave();
            return;
        }

        _frames.Add(Math.Max(count, 0));
        while (!IsGone && _frames.TryTake(out Frame frame))
        {
            Handle(frame);
        }

        if (_descriptors.Count > DescriptorsMax)
        {
            throw new FormatException("descriptors that nothing was asked with");
        }
    }

    private void Handle(Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Attach:
                WantsOutput = true;
                break;
            case FrameKind.Stdin:
                _requests.Stdin(this, frame.Content);
                break;
            case FrameKind.StdinEnd:
                _requests.StdinEnded(this);
                break;
            case FrameKind.Resize when frame.Content.Length == 4:
                _requests.Resize(BinaryPrimitives.ReadUInt16LittleEndian(frame.Content), BinaryPrimitives.ReadUInt16LittleEndian(frame.Content[2..]));
                break;
            case FrameKind.Unread when frame.Content.Length == 1:
                _requests.Unread(this, (FrameKind)frame.Content[0]);
                break;
            case FrameKind.Signal when frame.Content.Length == 2:
            case FrameKind.Pause or FrameKind.Resume or FrameKind.Restart or FrameKind.Hold or FrameKind.Release or FrameKind.AnswerNames:
                Send(FrameKind.Done, Encoding.UTF8.GetBytes(_requests.Request(frame.Kind, frame.Content, _descriptors) ?? ""));
                break;
            default:
                throw new FormatException($"the frame {frame.Kind} of {frame.Content.Length} bytes");
        }
    }

    private void Queue(ReadOnlySpan<byte> bytes)
    {
        if (_end + bytes.Length > _waiting.Length)
        {
            byte[] larger = WaitingBytes + bytes.Length > _waiting.Length ? new byte[Math.Max(4096, 2 * (WaitingBytes + bytes.Length))] : _waiting;
            _waiting.AsSpan(_begin.._end).CopyTo(larger);
            (_waiting, _begin, _end) = (larger, 0, WaitingBytes);
        }

        bytes.CopyTo(_waiting.AsSpan(_end));
        _end += bytes.Length;
    }

    private void Flush()
    {
        bool waited = _watched;
        try
        {
            while (WaitingBytes > 0 && FileContents.TryWrite(_socket, _waiting.AsSpan(_begin.._end)) is int count and >= 0)
            {
                _begin += count;
            }
        }
        catch (LinuxException)
        {
            Leave();
            return;
        }

        if (WaitingBytes == 0)
        {
            // Between two outputs a client costs no memory.
            (_waiting, _begin, _end) = ([], 0, 0);
        }

        _watched = WaitingBytes > 0;
        if (_watched != waited)
        {
            _watch.Change(_watched ? EpollEvents.EPOLLIN | EpollEvents.EPOLLOUT : EpollEvents.EPOLLIN);
        }
    }

    private void Leave()
    {
        if (!IsGone)
        {
            Dispose();
            (_waiting, _begin, _end) = ([], 0, 0);
            _requests.Left(this);
        }
    }
}
