using System.Buffers.Binary;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Joins this process's standard streams and signals with those of a container, over a connection to its supervisor. From its making on no
/// signal is lost: each waits to be passed on.
/// </summary>
internal sealed class Attachment : IDisposable
{
    private const ulong SocketToken = 1;
    private const ulong SignalToken = 2;
    private const ulong InputToken = 3;

    private static readonly SignalSet Forwarded =
        SignalSet.Of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM, Signal.SIGUSR1, Signal.SIGUSR2, Signal.SIGWINCH);

    private readonly AttachRequest _request;
    private readonly bool _tty;
    private readonly DetachKeys _keys;
    private readonly SafeFileHandle _signals;
    private readonly SafeFileHandle _epoll = Epoll.Create();
    private readonly SafeFileHandle _input = Descriptors.Borrow(0);
    private readonly SafeFileHandle _output;
    private readonly SafeFileHandle _error = Descriptors.Borrow(2);
    private readonly FrameReader _frames = new();
    private SafeFileHandle? _socket;
    private TerminalSettings? _before;
    private bool _inputPolled;
    private bool _inputEnded;
    private bool _outputLost;
    private bool _leaves;

    public Attachment(AttachRequest request, bool tty)
    {
        _request = request;
        _tty = tty;
        _output = request.Output ?? Descriptors.Borrow(1);
        _keys = DetachKeys.Parse(request.DetachKeys);

        // Without passing them on they do what they do to any program.
        SignalSet wanted = Signals.Heeded(request.SignalProxy ? Forwarded : SignalSet.Of(Signal.SIGWINCH));
        Signals.BlockForProcess(wanted);
        _signals = Signals.Descriptor(wanted);
    }

    /// <summary>The program has ended, and its supervisor starts it no more.</summary>
    public bool EndedForGood { get; private set; }

    /// <summary>The size of the terminal that the container's is shown on.</summary>
    public WindowSize? Size => _tty ? AttachRequest.SizeOf(0) ?? AttachRequest.SizeOf(1) : null;

    /// <summary>A connection for a supervisor that is about to be started: the end that it is given.</summary>
    public SafeFileHandle MakePair()
    {
        (_socket, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_STREAM);
        return theirs;
    }

    /// <summary>Joins a container that runs.</summary>
    public void Join(SafeFileHandle socket)
    {
        _socket = socket;
        Send(FrameKind.Attach, []);
        SendSize();
    }

    /// <summary>Passes everything on until the program has ended, and returns its exit status; null when it is left running.</summary>
    /// <exception cref="EngineException">The supervisor is gone.</exception>
    public int? Run()
    {
        Epoll.Add(_epoll, _socket!, EpollEvents.EPOLLIN, SocketToken);
        Epoll.Add(_epoll, _signals, EpollEvents.EPOLLIN, SignalToken);
        BeginInput();
        Span<EpollEvent> events = stackalloc EpollEvent[4];
        while (!_leaves)
        {
            int count = Epoll.Wait(_epoll, events);
            foreach (EpollEvent item in events[..count])
            {
                switch (item.Token)
                {
                    case SocketToken when Receive() is int exitCode:
                        return exitCode;
                    case SignalToken:
                        PassSignals();
                        break;
                    case InputToken when ReadInput():
                        return null;
                }
            }
        }

        return null;
    }

    public void Dispose()
    {
        if (_before is { } settings)
        {
            Terminals.SetSettings(_input, settings);
        }

        _socket?.Dispose();
        _signals.Dispose();
        _epoll.Dispose();
    }

    private void BeginInput()
    {
        if (!_request.Stdin)
        {
            return;
        }

        if (_tty && Terminals.IsTerminal(_input))
        {
            _before = Terminals.MakeRaw(_input);
        }

        try
        {
            Epoll.Add(_epoll, _input, EpollEvents.EPOLLIN, InputToken);
            _inputPolled = true;
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EPERM)
        {
            // A regular file is always ready, which epoll(7) does not say of it.
            _leaves = ReadInput();
        }
    }

    /// <returns>The exit status, once the program has ended.</returns>
    private int? Receive()
    {
        int count = TryRead();
        if (count == 0)
        {
            throw new EngineException(FailureKind.System, "the container's supervisor is gone", "`cdock why` may know more");
        }

        _frames.Add(count);
        while (_frames.TryTake(out Frame frame))
        {
            switch (frame.Kind)
            {
                case FrameKind.Stdout when !_request.Stdout:
                case FrameKind.Stderr when !_request.Stderr:
                    break;
                case FrameKind.Stdout:
                    Show(_output, frame);
                    break;
                case FrameKind.Stderr:
                    Show(_error, frame);
                    break;
                case FrameKind.StdinTaken:
                    GoOnReading();
                    break;
                case FrameKind.Ended:
                    EndedForGood = frame.Content[sizeof(int)] != 0;
                    return BinaryPrimitives.ReadInt32LittleEndian(frame.Content);
            }
        }

        return null;
    }

    // A supervisor that ended before it took the connection, or read all that was sent to it, leaves a reset: it is gone all the same.
    private int TryRead()
    {
        try
        {
            return FileContents.Read(_socket!, _frames.Space);
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ECONNRESET)
        {
            return 0;
        }
    }

    // As a program that it had started itself would be told: by the broken pipe.
    private void Show(SafeFileHandle target, Frame frame)
    {
        try
        {
            FileContents.WriteAll(target, frame.Content);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPIPE or Errno.EIO or Errno.EBADF)
        {
            if (!_outputLost)
            {
                _outputLost = true;
                Send(FrameKind.Unread, [(byte)frame.Kind]);
            }
        }
    }

    /// <returns>Whether the container is to be left running: the detach keys were typed, or there was nothing to wait for but this.</returns>
    private bool ReadInput()
    {
        Span<byte> buffer = stackalloc byte[16 << 10];
        int length = ReadOnce(buffer);
        if (length == 0)
        {
            _inputEnded = true;
            StopReading();
            Send(FrameKind.StdinEnd, []);
            return _request.EndsWithInput;
        }

        ReadOnlySpan<byte> typed = buffer[..length];
        bool leaves = false;
        if (_tty)
        {
            typed = _keys.Filter(typed, out leaves);
        }

        if (!typed.IsEmpty)
        {
            StopReading();
            Send(FrameKind.Stdin, typed);
        }

        return leaves;
    }

    private int ReadOnce(Span<byte> buffer)
    {
        try
        {
            return FileContents.Read(_input, buffer);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EIO or Errno.EBADF or Errno.EISDIR)
        {
            // Our terminal has hung up, or there never was an input.
            return 0;
        }
    }

    // The next bytes only when the program has these: so a signal behind them is never stuck. The end of a pipe would be told again and again, whatever
    // is waited for: epoll_ctl(2), EPOLLHUP. So it is taken out.
    private void StopReading()
    {
        if (_inputPolled)
        {
            Epoll.Remove(_epoll, _input);
        }
    }

    private void GoOnReading()
    {
        if (_inputEnded)
        {
            return;
        }

        if (_inputPolled)
        {
            Epoll.Add(_epoll, _input, EpollEvents.EPOLLIN, InputToken);
        }
        else
        {
            _leaves |= ReadInput();
        }
    }

    private void PassSignals()
    {
        while (Signals.TryRead(_signals) is { } received)
        {
            if (received.Signal == Signal.SIGWINCH)
            {
                SendSize();
            }
            else
            {
                Send(FrameKind.Signal, [(byte)received.Signal, 0]);
            }
        }
    }

    private void SendSize()
    {
        if (Size is { } size)
        {
            Span<byte> content = stackalloc byte[4];
            BinaryPrimitives.WriteUInt16LittleEndian(content, size.Rows);
            BinaryPrimitives.WriteUInt16LittleEndian(content[2..], size.Columns);
            Send(FrameKind.Resize, content);
        }
    }

    private void Send(FrameKind kind, ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Frame.HeaderBytes + content.Length];
        Frame.WriteHeader(bytes, kind, content.Length);
        content.CopyTo(bytes[Frame.HeaderBytes..]);
        try
        {
            FileContents.WriteAll(_socket!, bytes);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // It is gone; what it said before is still to be read.
        }
    }
}
