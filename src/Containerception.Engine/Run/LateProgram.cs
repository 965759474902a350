using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>ception, started before it is known what it is to do: it starts while the container is looked up, or made.</summary>
internal sealed class LateProgram : IDisposable
{
    private readonly SafeFileHandle _socket;
    private bool _isTold;

    private LateProgram(int pid, SafeFileHandle socket)
    {
        Pid = pid;
        _socket = socket;
    }

    public int Pid { get; }

    /// <param name="line">Its command line, which says that there is more to come.</param>
    /// <param name="streams">What becomes its descriptors 0 to 2.</param>
    /// <param name="flags">For its process group, or session.</param>
    /// <returns>Null where there is no copy of it that nobody can write: it might have to start anew to be one, and would not know any more what it was told.</returns>
    public static LateProgram? TryStart(IReadOnlyList<string> line, SpawnStreams streams, SpawnFlags flags)
    {
        using SafeFileHandle? sealedFile = RuntimeProgram.TrySeal(line[0]);
        if (sealedFile is null)
        {
            return null;
        }

        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using (theirs)
        {
            try
            {
                return new LateProgram(
                    Spawning.PosixSpawn(
                        Descriptor.MagicLink(sealedFile), line, RuntimeProgram.CallersEnvironment(), streams.Input, streams.Output, streams.Error, flags, theirs),
                    ours);
            }
            catch
            {
                ours.Dispose();
                throw;
            }
        }
    }

    /// <summary>Says what it is to do. From then on it is the caller's to wait for.</summary>
    /// <returns>False where it does not live any more: a signal has ended it.</returns>
    public bool Tell(IEnumerable<string> words, params IReadOnlyList<SafeFileHandle> descriptors)
    {
        _isTold = true;
        return LateMessage.Send(_socket, words, descriptors);
    }

    /// <summary>Lets it go where nothing is to be done, and waits until it has gone.</summary>
    public void Dispose()
    {
        bool isLeft = _isTold || _socket.IsClosed;
        _socket.Dispose();
        if (isLeft)
        {
            return;
        }

        try
        {
            Waiting.Wait(Pid);
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ECHILD)
        {
            // Our caller ignores SIGCHLD, and so do we: nobody is left to be buried.
        }
    }
}
