using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Takes what a program wrote to one of its streams.</summary>
internal delegate void OutputTaker(FrameKind stream, ReadOnlySpan<byte> bytes);

/// <summary>A program's standard streams, seen from its supervisor: pipes, or its terminal's master.</summary>
internal sealed class ProgramStreams : IDisposable
{
    private const int ReadBytes = 16 << 10;

    // What an orphan of the program still writes after its end is not waited for without bound.
    private const int DrainReadsMax = 256;

    // Of each client one frame waits at most: more is no client's of ours.
    private const int WaitingInputBytesMax = 1 << 20;

    private readonly EventLoop _loop;
    private readonly OutputTaker _take;
    private readonly Output?[] _outputs = new Output?[2];
    private readonly Queue<WaitingInput> _waiting = new();
    private SafeFileHandle? _input;
    private EventLoop.Watch? _inputWatch;
    private int _waitingBytes;
    private bool _inputEnds;
    private bool _paused;

    private ProgramStreams(EventLoop loop, OutputTaker take)
    {
        _loop = loop;
        _take = take;
    }

    /// <summary>The program's own ends, until it has them; null with a terminal, where it makes them itself.</summary>
    public ProgramEnds? Ends { get; private set; }

    /// <summary>The terminal's master.</summary>
    public SafeFileHandle? Terminal { get; private set; }

    public static ProgramStreams Open(EventLoop loop, SupervisePlan plan, OutputTaker take)
    {
        ProgramStreams streams = new(loop, take);
        if (plan.Tty)
        {
            return streams;
        }

        SafeFileHandle? input = null;
        if (plan.OpenStdin)
        {
            (input, streams._input) = Pipes.Create();
            Descriptors.SetNonBlocking(streams._input, true);
        }

        (SafeFileHandle stdout, SafeFileHandle theirStdout) = Pipes.Create();
        (SafeFileHandle stderr, SafeFileHandle theirStderr) = Pipes.Create();
        streams._outputs[0] = new Output(FrameKind.Stdout, stdout);
        streams._outputs[1] = new Output(FrameKind.Stderr, stderr);
        streams.Ends = new ProgramEnds(input ?? Files.Open("/dev/null", OpenFlags.O_RDONLY), theirStdout, theirStderr);
        return streams;
    }

    /// <summary>The program runs: its ends are its own now.</summary>
    /// <param name="terminal">Its terminal's master.</param>
    public void Begin(SafeFileHandle? terminal)
    {
        Ends?.Dispose();
        Ends = null;
        if (terminal is not null)
        {
            Terminal = terminal;
            _input = Descriptors.Duplicate(terminal);
            _outputs[0] = new Output(FrameKind.Stdout, terminal);
        }

        foreach (Output? output in _outputs)
        {
            if (output is not null)
            {
                Descriptors.SetNonBlocking(output.File, true);
                output.Watch = _loop.Add(output.File, EpollEvents.EPOLLIN, _ => Read(output));
            }
        }
    }

    /// <summary>Bytes for the program, after those that wait; <paramref name="taken"/> is called when all are its own, or nobody reads them any more.</summary>
    /// <exception cref="FormatException">Too much waits: whoever sends more does not wait until it is taken.</exception>
    public void WriteInput(ReadOnlySpan<byte> bytes, Action taken)
    {
        int written = _input is not null && _waiting.Count == 0 ? TryWriteInput(bytes) : 0;
        if (_input is null || _inputEnds || written == bytes.Length)
        {
            taken();
            return;
        }

        if (_waitingBytes + bytes.Length > WaitingInputBytesMax)
        {
            throw new FormatException("more input than is kept");
        }

        _waiting.Enqueue(new WaitingInput(bytes[written..].ToArray(), taken));
        _waitingBytes += bytes.Length - written;
        _inputWatch ??= _loop.Add(_input, EpollEvents.EPOLLOUT, _ => GoOnWriting());
    }

    /// <summary>The program reads the end of its input after what it has been sent. A terminal has no end.</summary>
    public void EndInput()
    {
        _inputEnds = Terminal is null;
        EndWhenWritten();
    }

    public void Resize(ushort rows, ushort columns)
    {
        if (Terminal is not null)
        {
            Terminals.SetSize(Terminal, new WindowSize(rows, columns));
        }
    }

    /// <summary>The program waits, once its pipe is full, until it is read again.</summary>
    public void SetPaused(bool paused)
    {
        if (paused == _paused)
        {
            return;
        }

        _paused = paused;
        foreach (Output? output in _outputs)
        {
            output?.Watch?.Change(paused ? EpollEvents.None : EpollEvents.EPOLLIN);
        }
    }

    /// <summary>Nobody wants to read this stream any more: the program is told as by any broken pipe.</summary>
    public void CloseOutput(FrameKind stream)
    {
        for (int i = 0; i < _outputs.Length; i++)
        {
            if (_outputs[i]?.Kind == stream)
            {
                _outputs[i]!.Dispose();
                _outputs[i] = null;
            }
        }
    }

    /// <summary>What the program wrote before it ended.</summary>
    public void Drain()
    {
        foreach (Output? output in _outputs)
        {
            for (int i = 0; i < DrainReadsMax && output?.Watch is not null && Read(output); i++)
            {
            }
        }
    }

    public void Dispose()
    {
        Ends?.Dispose();
        CloseInput();
        foreach (Output? output in _outputs)
        {
            output?.Dispose();
        }

        Terminal = null;
    }

    /// <returns>Whether there was something.</returns>
    private bool Read(Output output)
    {
        Span<byte> buffer = stackalloc byte[ReadBytes];
        int length;
        try
        {
            length = FileContents.TryRead(output.File, buffer);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EIO)
        {
            // EIO: nobody has the terminal's other side open: pty(7). It may be opened again, but then by whoever outlived the program.
            length = 0;
        }

        if (length == 0)
        {
            output.Watch?.Dispose();
            output.Watch = null;
        }
        else if (length > 0)
        {
            _take(output.Kind, buffer[..length]);
        }

        return length > 0;
    }

    private void GoOnWriting()
    {
        while (_waiting.TryPeek(out WaitingInput? first))
        {
            int written = TryWriteInput(first.Bytes.Span);
            if (_input is null)
            {
                return;
            }

            _waitingBytes -= written;
            first.Bytes = first.Bytes[written..];
            if (!first.Bytes.IsEmpty)
            {
                return;
            }

            _waiting.Dequeue();
            first.Taken();
        }

        _inputWatch?.Dispose();
        _inputWatch = null;
        EndWhenWritten();
    }

    private void EndWhenWritten()
    {
        if (_inputEnds && _waiting.Count == 0)
        {
            CloseInput();
        }
    }

    private int TryWriteInput(ReadOnlySpan<byte> bytes)
    {
        int written = 0;
        try
        {
            while (written < bytes.Length && FileContents.TryWrite(_input!, bytes[written..]) is int count and >= 0)
            {
                written += count;
            }
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPIPE or Errno.EIO)
        {
            // The program has closed its input.
            CloseInput();
        }

        return written;
    }

    private void CloseInput()
    {
        _inputWatch?.Dispose();
        _inputWatch = null;
        _input?.Dispose();
        _input = null;
        _waitingBytes = 0;
        while (_waiting.TryDequeue(out WaitingInput? unread))
        {
            unread.Taken();
        }
    }

    /// <summary>What the program has not read yet of what a client has sent, and whom to tell when it has.</summary>
    private sealed class WaitingInput(ReadOnlyMemory<byte> bytes, Action taken)
    {
        public ReadOnlyMemory<byte> Bytes { get; set; } = bytes;

        public Action Taken { get; } = taken;
    }

    private sealed class Output(FrameKind kind, SafeFileHandle file) : IDisposable
    {
        public FrameKind Kind { get; } = kind;

        public SafeFileHandle File { get; } = file;

        /// <summary>Null before the program runs, and after the end of the stream.</summary>
        public EventLoop.Watch? Watch { get; set; }

        public void Dispose()
        {
            Watch?.Dispose();
            Watch = null;
            File.Dispose();
        }
    }
}

/// <summary>What becomes a program's descriptors 0, 1 and 2.</summary>
internal sealed record ProgramEnds(SafeFileHandle Input, SafeFileHandle Output, SafeFileHandle Error) : IDisposable
{
    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Error.Dispose();
    }
}
