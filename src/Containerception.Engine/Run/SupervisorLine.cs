using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>A connection to the supervisor of a container that runs, to ask something of it.</summary>
internal sealed class SupervisorLine : IDisposable
{
    private const string SocketName = "attach.sock";

    private readonly SafeFileHandle _socket;
    private readonly FrameReader _frames = new();
    private (int ExitCode, bool ForGood)? _end;

    private SupervisorLine(SafeFileHandle socket) => _socket = socket;

    /// <summary>Connects; null when nobody keeps the container.</summary>
    public static SupervisorLine? TryConnect(string directory)
    {
        SafeFileHandle socket = UnixSockets.Create(UnixSocketType.SOCK_STREAM);
        try
        {
            UnixSockets.Connect(socket, Path.Join(directory, SocketName));
            return new SupervisorLine(socket);
        }
        catch (LinuxException nobody) when (nobody.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>The connection itself, for who wants to attach; it belongs to the caller.</summary>
    public SafeFileHandle Give() => _socket;

    /// <summary>Asks for something, and waits until it is done. The program's end meanwhile is kept for <see cref="WaitForEnd"/>.</summary>
    /// <exception cref="EngineException">It was not done.</exception>
    /// <param name="kind">What is asked for.</param>
    /// <param name="content">What comes with it.</param>
    /// <param name="descriptors">Copies of these come along.</param>
    public void Ask(FrameKind kind, ReadOnlySpan<byte> content, params ReadOnlySpan<SafeFileHandle> descriptors)
    {
        Span<byte> bytes = stackalloc byte[Frame.HeaderBytes + content.Length];
        Frame.WriteHeader(bytes, kind, content.Length);
        content.CopyTo(bytes[Frame.HeaderBytes..]);
        try
        {
            int sent = SocketMessages.Send(_socket, bytes, descriptors);
            FileContents.WriteAll(_socket, bytes[sent..]);
        }
        catch (LinuxException gone) when (gone.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            return;
        }

        while (Next(Timeout.Infinite, out FrameKind answer, out byte[] said))
        {
            if (answer == FrameKind.Done)
            {
                if (said.Length > 0)
                {
                    throw new EngineException(FailureKind.Conflict, Encoding.UTF8.GetString(said));
                }

                return;
            }
        }
    }

    /// <summary>Sends a signal to the program.</summary>
    public void Signal(Signal signal, bool forGood) => Ask(FrameKind.Signal, [(byte)signal, forGood ? (byte)1 : (byte)0]);

    /// <summary>The program's exit code, once it has ended; null when the time was up, or its supervisor died.</summary>
    /// <param name="time">Null waits for ever.</param>
    /// <param name="forGood">Ends after which it is started again do not count.</param>
    public int? WaitForEnd(TimeSpan? time, bool forGood)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_end is (int exitCode, bool isForGood) && (isForGood || !forGood))
            {
                return exitCode;
            }

            int left = time is { } limit ? (int)Math.Clamp((limit - Stopwatch.GetElapsedTime(began)).TotalMilliseconds, 0, int.MaxValue) : Timeout.Infinite;
            if (!Next(left, out _, out _))
            {
                return null;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool Next(int milliseconds, out FrameKind kind, out byte[] content)
    {
        Frame frame;
        while (!_frames.TryTake(out frame))
        {
            if (Polling.Poll(_socket, PollEvents.POLLIN, milliseconds) == PollEvents.None || Read() == 0)
            {
                (kind, content) = (FrameKind.None, []);
                return false;
            }
        }

        (kind, content) = (frame.Kind, frame.Content.ToArray());
        if (kind == FrameKind.Ended)
        {
            _end = (BinaryPrimitives.ReadInt32LittleEndian(content), content[4] != 0);
        }

        return true;
    }

    private int Read()
    {
        try
        {
            int count = FileContents.Read(_socket, _frames.Space);
            _frames.Add(count);
            return count;
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ECONNRESET)
        {
            return 0;
        }
    }
}
