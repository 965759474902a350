using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The child while its program is being played, seen from the parent: its pid and the conversation of <see cref="SyncMessage"/>.</summary>
internal sealed unsafe class InitChild : IDisposable
{
    private readonly CompiledProgram _program;
    private readonly Slot? _second;
    private readonly SafeFileHandle _sync;
    private bool _replaced;

    private InitChild(CompiledProgram program, Slot? second, SafeFileHandle sync, int pid, SafeFileHandle pidfd)
    {
        _program = program;
        _second = second;
        _sync = sync;
        Pid = pid;
        Pidfd = pidfd;
    }

    public int Pid { get; private set; }

    public SafeFileHandle Pidfd { get; private set; }

    /// <summary>Clones this process; the child plays the program and never returns from here.</summary>
    /// <param name="flags">The namespaces that clone3 makes.</param>
    /// <param name="program">What the child plays.</param>
    /// <param name="second">The slot of the second clone's pid.</param>
    /// <param name="sync">Our end of the conversation.</param>
    /// <param name="childSync">The child's, which is closed here once the child has its own.</param>
    /// <param name="cgroup">The v2 group that the child is born in.</param>
    public static InitChild Clone(CloneFlags flags, CompiledProgram program, Slot? second, SafeFileHandle sync, SafeFileHandle childSync, SafeFileHandle? cgroup)
    {
        int pidfd = -1;
        CloneArgs args = new()
        {
            flags = flags | CloneFlags.CLONE_PIDFD | CloneFlags.CLONE_CLEAR_SIGHAND,
            pidfd = (ulong)&pidfd,
            exit_signal = (ulong)Signal.SIGCHLD,
        };
        if (cgroup is not null)
        {
            args.flags |= CloneFlags.CLONE_INTO_CGROUP;
            args.cgroup = (ulong)cgroup.DangerousGetHandle();
        }

        nint pid = program.Program->Syscall((nint)SyscallNumbers.SYS_clone3, (nint)(&args), sizeof(CloneArgs), 0, 0, 0, 0);
        if (pid == 0)
        {
            InitPlayer.Play(program.Program);
        }

        if (pid < 0)
        {
            Errno errno = (Errno)(-pid);
            throw new ContainerException(FailureKind.System, $"clone3({flags}): {LinuxException.Describe(errno)}", Hints.For("clone3", errno));
        }

        childSync.Dispose();
        return new InitChild(program, second, sync, (int)pid, Descriptors.Take(pidfd));
    }

    /// <summary>The next message; null when the child has executed its program.</summary>
    /// <param name="failure">The words by which callers of runc know that a failure was the child's, and which child's.</param>
    /// <param name="descriptor">What came with the message.</param>
    /// <exception cref="ContainerException">The child failed; it is gone.</exception>
    public SyncMessage? Listen(string failure, out SafeFileHandle? descriptor)
    {
        Span<byte> message = stackalloc byte[2];
        int length = SocketMessages.Receive(_sync, message, out SafeFileHandle[] descriptors);
        descriptor = descriptors.Length > 0 ? descriptors[0] : null;
        SyncMessage? heard = length > 0 ? (SyncMessage)message[0] : null;
        FollowSecond(heard);
        if (length > 1 && message[0] == (byte)SyncMessage.ExecFailed)
        {
            throw Wrap(failure, _program.FailureOfLast((Errno)message[1]));
        }

        if (heard is not null)
        {
            return heard;
        }

        if ((_program.Failure() ?? _program.Death()) is { } failed)
        {
            throw Wrap(failure, failed);
        }

        return null;
    }

    private static ContainerException Wrap(string words, ContainerException failure)
        => new(failure.Kind, $"unable to start container process: {words}{failure.Message}", failure.Hint, failure);

    public void Go()
    {
        try
        {
            FileContents.WriteAll(_sync, [(byte)SyncMessage.Go]);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The child is gone; what it says of that is heard by listening.
        }
    }

    public void Tell(Action<StepRecord>? listener, bool all)
    {
        if (listener is not null)
        {
            _program.Tell(listener, all);
        }
    }

    /// <summary>Ends a child whose container is not to be.</summary>
    public void Kill()
    {
        Processes.PidfdSendSignal(Pidfd, Signal.SIGKILL);
        Waiting.Wait(Pidfd);
    }

    public void Dispose()
    {
        _sync.Dispose();
        Pidfd.Dispose();
    }

    /// <summary>Once the first clone has made the second and ended, the second is the child. All but these messages is the second's.</summary>
    private void FollowSecond(SyncMessage? heard)
    {
        if (_second is not { } slot || _replaced || heard is SyncMessage.MapsPlease or SyncMessage.GroupPlease || (heard is null && _program.SlotValue(slot) <= 0))
        {
            return;
        }

        // The first may not have written down the pid of the second when that speaks; when it has ended it has.
        Waiting.Wait(Pidfd);
        Pidfd.Dispose();
        Pid = (int)_program.SlotValue(slot);
        Pidfd = Processes.PidfdOpen(Pid);
        _replaced = true;
    }
}
