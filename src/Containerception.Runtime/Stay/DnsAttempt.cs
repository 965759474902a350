using System.Buffers.Binary;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// A question at one server. Each has a socket and so a port of its own, which the kernel chooses by chance, and a number by chance: both would have to be
/// guessed by who wants to answer in the server's place (RFC 5452). The socket is connected, so that the kernel drops what others send.
/// </summary>
internal abstract class DnsAttempt : IDisposable
{
    private readonly EventLoop.Watch _watch;

    protected DnsAttempt(EventLoop loop, ForwardedQuestion owner, int server, SafeFileHandle socket, EpollEvents events, byte[] message, DnsQuestion question)
    {
        Owner = owner;
        Server = server;
        Socket = socket;
        Question = question;
        Asked = [.. message];
        Randomness.Fill(Asked.AsSpan(0, 2));
        _watch = loop.Add(socket, events, _ => Guard());
    }

    /// <summary>Which of the servers it is.</summary>
    public int Server { get; }

    protected ForwardedQuestion Owner { get; }

    protected SafeFileHandle Socket { get; }

    protected DnsQuestion Question { get; }

    /// <summary>The message as it is sent.</summary>
    protected byte[] Asked { get; }

    public void Dispose()
    {
        _watch.Dispose();
        Socket.Dispose();
    }

    protected abstract void Serve();

    protected void Change(EpollEvents events) => _watch.Change(events);

    private void Guard()
    {
        try
        {
            Serve();
        }
        catch (LinuxException)
        {
            Owner.Broke(this);
        }
    }
}

/// <summary>By datagrams.</summary>
internal sealed class DatagramAttempt : DnsAttempt
{
    private const int AnswerBytesMax = 4096;

    public DatagramAttempt(EventLoop loop, ForwardedQuestion owner, int server, in InternetAddress address, byte[] message, DnsQuestion question)
        : base(loop, owner, server, InternetSockets.Create(InternetSocketType.SOCK_DGRAM, address), EpollEvents.EPOLLIN, message, question)
    {
        try
        {
            InternetSockets.Connect(Socket, address);
            FileContents.TryWrite(Socket, Asked);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    protected override void Serve()
    {
        Span<byte> buffer = stackalloc byte[AnswerBytesMax];
        int length = InternetSockets.TryReceive(Socket, buffer, out _);
        Span<byte> answer = buffer[..Math.Clamp(length, 0, buffer.Length)];

        // Anything else was not sent by the server that we asked: its own answer may still come.
        if (DnsQuestion.IsAnswer(answer, Asked, Question.End))
        {
            Owner.Heard(this, length <= buffer.Length ? answer : answer[..DnsAnswer.Truncate(answer, Question)]);
        }
    }
}

/// <summary>By a stream.</summary>
internal sealed class StreamAttempt : DnsAttempt
{
    private const int LengthBytes = 2;

    private byte[] _buffer;
    private int _done;
    private bool _isSent;

    public StreamAttempt(EventLoop loop, ForwardedQuestion owner, int server, in InternetAddress address, byte[] message, DnsQuestion question)
        : base(loop, owner, server, Connected(address), EpollEvents.EPOLLOUT, message, question)
    {
        _buffer = new byte[LengthBytes + Asked.Length];
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, (ushort)Asked.Length);
        Asked.CopyTo(_buffer, LengthBytes);
    }

    protected override void Serve()
    {
        if (_isSent)
        {
            Receive();
        }
        else
        {
            Send();
        }
    }

    private static SafeFileHandle Connected(in InternetAddress address)
    {
        SafeFileHandle socket = InternetSockets.Create(InternetSocketType.SOCK_STREAM, address);
        try
        {
            InternetSockets.Connect(socket, address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A connection that was not made says so here.
    private void Send()
    {
        _done += Math.Max(FileContents.TryWrite(Socket, _buffer.AsSpan(_done)), 0);
        if (_done == _buffer.Length)
        {
            (_isSent, _buffer, _done) = (true, new byte[LengthBytes], 0);
            Change(EpollEvents.EPOLLIN);
        }
    }

    private void Receive()
    {
        int count = FileContents.TryRead(Socket, _buffer.AsSpan(_done));
        _done += Math.Max(count, 0);
        if (count == 0)
        {
            Owner.Broke(this);
        }
        else if (_done == LengthBytes && _buffer.Length == LengthBytes)
        {
            Array.Resize(ref _buffer, LengthBytes + BinaryPrimitives.ReadUInt16BigEndian(_buffer));
        }
        else if (_done == _buffer.Length)
        {
            Span<byte> answer = _buffer.AsSpan(LengthBytes);
            if (DnsQuestion.IsAnswer(answer, Asked, Question.End))
            {
                Owner.Heard(this, answer);
            }
            else
            {
                Owner.Broke(this);
            }
        }
    }
}
