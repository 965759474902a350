using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Copies between our standard streams and the master of the container's terminal. Ours is raw meanwhile: the container's pty does the line editing.</summary>
internal sealed class TerminalRelay : IDisposable
{
    private const ulong InputToken = 10;
    private const ulong OutputToken = 11;
    private const int BufferBytes = 32 << 10;
    private const int DrainReadsMax = 1024;

    private readonly SafeFileHandle _master;
    private readonly SafeFileHandle _epoll;
    private readonly SafeFileHandle _input = Descriptors.Borrow(0);
    private readonly SafeFileHandle _output = Descriptors.Borrow(1);
    private readonly TerminalSettings? _before;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private bool _inputPolled;
    private bool _inputEnded;
    private bool _outputEnded;
    private bool _masterEnded;

    private TerminalRelay(SafeFileHandle master, SafeFileHandle epoll)
    {
        _master = master;
        _epoll = epoll;
        _before = Terminals.IsTerminal(_input) ? Terminals.MakeRaw(_input) : null;
    }

    public static TerminalRelay Begin(SafeFileHandle master, SafeFileHandle epoll)
    {
        TerminalRelay relay = new(master, epoll);
        relay.Resize();
        Descriptors.SetNonBlocking(master, true);
        Epoll.Add(epoll, master, EpollEvents.EPOLLIN, OutputToken);
        try
        {
            Epoll.Add(epoll, relay._input, EpollEvents.EPOLLIN, InputToken);
            relay._inputPolled = true;
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EPERM)
        {
            // A regular file is always ready, which epoll(7) does not say of it: it is copied at once.
            while (!relay._inputEnded)
            {
                relay.CopyInput();
            }
        }

        return relay;
    }

    public void Copy(ulong token)
    {
        if (token == InputToken)
        {
            CopyInput();
        }
        else
        {
            CopyOutput();
        }
    }

    /// <summary>The container's terminal gets the size of ours.</summary>
    public void Resize()
    {
        if (Terminals.IsTerminal(_input))
        {
            Terminals.SetSize(_master, Terminals.GetSize(_input));
        }
    }

    /// <summary>What the process wrote before it ended.</summary>
    public void Drain()
    {
        for (int i = 0; i < DrainReadsMax && !_masterEnded && CopyOutput(); i++)
        {
        }
    }

    public void Dispose()
    {
        if (_before is not { } settings)
        {
            return;
        }

        try
        {
            Terminals.SetSettings(_input, settings);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EIO)
        {
            // Our terminal has hung up: it has no settings any more.
        }
    }

    private void CopyInput()
    {
        int length = ReadInput();
        if (length > 0)
        {
            WriteToMaster(_buffer.AsSpan(0, length));
            return;
        }

        if (!_inputEnded)
        {
            _inputEnded = true;
            if (_inputPolled)
            {
                Epoll.Remove(_epoll, _input);
            }

            // The end of a pipe or file is a Ctrl-D to who reads the terminal.
            WriteToMaster([0x04]);
        }
    }

    /// <returns>Whether there was something.</returns>
    private bool CopyOutput()
    {
        int length;
        try
        {
            length = FileContents.TryRead(_master, _buffer);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EIO)
        {
            // EIO: nobody has the slave open any more: pty(7).
            length = 0;
        }

        if (length < 0)
        {
            return false;
        }

        if (length == 0)
        {
            _masterEnded = true;
            Epoll.Remove(_epoll, _master);
            return false;
        }

        WriteOutput(length);
        return true;
    }

    /// <summary>Whoever read it may be gone: the container goes on, and what it says goes nowhere.</summary>
    private void WriteOutput(int length)
    {
        if (_outputEnded)
        {
            return;
        }

        try
        {
            FileContents.WriteAll(_output, _buffer.AsSpan(0, length));
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPIPE or Errno.EIO or Errno.ENOSPC or Errno.EBADF)
        {
            _outputEnded = true;
        }
    }

    /// <returns>How much was read; 0 at the end, and when our own terminal has hung up.</returns>
    private int ReadInput()
    {
        try
        {
            return FileContents.TryRead(_input, _buffer);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EIO or Errno.EBADF or Errno.EISDIR)
        {
            return 0;
        }
    }

    private void WriteToMaster(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_masterEnded)
        {
            int written = FileContents.TryWrite(_master, bytes);
            if (written >= 0)
            {
                bytes = bytes[written..];
                continue;
            }

            // The container reads slower than it is typed to: meanwhile its output must go on, or both wait for each other.
            Polling.Poll(_master, PollEvents.POLLOUT | PollEvents.POLLIN);
            CopyOutput();
        }
    }
}
