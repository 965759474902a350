using System.Collections.Immutable;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The hooks that run inside the container: createContainer, before the root is entered, with the host's paths; startContainer, just before the
/// program. The child clones itself, the clone becomes the hook, and the child waits for it.
/// </summary>
internal static class HookSteps
{
    private const int P_PIDFD = 3;
    private const int WEXITED = 4;
    private const int POLLIN = 1;
    private const int SIGKILL = 9;
    private const int SIGCHLD = 17;
    private const int CLD_EXITED = 1;
    private static readonly nint LowWord = unchecked((nint)0xFFFFFFFFL);

    /// <param name="c">Where the steps go.</param>
    /// <param name="kind">As the configuration calls these hooks.</param>
    /// <param name="hooks">In their order.</param>
    /// <param name="state">The file of the container's state.</param>
    /// <param name="output">Where the hooks write.</param>
    /// <param name="isHeard">Whether somebody listens to the child, who has the words for its failure.</param>
    public static unsafe void Add(Compilation c, string kind, ImmutableArray<HookConfig> hooks, Slot state, HookOutput output, bool isHeard)
    {
        List<Slot> begun = [];
        for (int i = 0; i < hooks.Length; i++)
        {
            HookConfig hook = hooks[i];
            ProgramBuilder b = c.Builder;
            b.Tell(
                "hook", "run the " + kind + " hook {0}", "hooks." + kind, hook.Path,
                failure: Failure(kind, i, hook));
            begun.Add(Now(c));
            nint pidfd = c.Memory.Reserve(sizeof(int));
            CloneArgs args = new() { flags = CloneFlags.CLONE_PIDFD, pidfd = (ulong)pidfd, exit_signal = SIGCHLD };
            Label child = b.NewLabel();
            Label done = b.NewLabel();
            b.Fork(c.Memory.Copy(new ReadOnlySpan<byte>(&args, sizeof(CloneArgs))), sizeof(CloneArgs), child);
            Wait(c, hook, b.Load(pidfd));
            b.Jump(done);
            b.Mark(child);
            b.Call(SyscallNumbers.SYS_lseek, state, 0, 0);
            b.Call(SyscallNumbers.SYS_dup3, state, 0, 0);
            Redirect(c, output.Stdout, 1);
            Redirect(c, output.Stderr, 2);
            b.Call(SyscallNumbers.SYS_close_range, 3, 0xFFFFFFFF, 4);
            SignalSteps.Reset(b, c.Memory, mask: 0);
            ImmutableArray<string> argv = hook.Args.Length > 0 ? hook.Args : [hook.Path];
            b.Call(SyscallNumbers.SYS_execve, b.Text(hook.Path), c.Memory.Texts(argv), c.Memory.Texts(hook.Env));
            b.Mark(done);
        }

        if (!isHeard && hooks.Length > 0)
        {
            SayFailure(c, kind, hooks, begun);
        }
    }

    private static string Failure(string kind, int index, HookConfig hook) => $"error running {kind} hook #{index}: {hook.Path}";

    /// <summary>Once it is started nobody listens to init any more. As runc's, it says on the container's own standard error which hook failed.</summary>
    private static void SayFailure(Compilation c, string kind, ImmutableArray<HookConfig> hooks, List<Slot> begun)
    {
        const int StandardError = 2;
        ProgramBuilder b = c.Builder;
        b.Tell("hook", "say which " + kind + " hook failed", "only then: the container's standard error is the only place left to say it");
        Slot passed = Now(c);
        Label after = b.NewLabel();
        Label end = b.NewLabel();
        b.Jump(after);
        b.MarkCleanup();
        b.JumpIf(passed, end);
        for (int i = hooks.Length - 1; i >= 0; i--)
        {
            Label say = b.NewLabel();
            Label next = b.NewLabel();
            b.JumpIf(begun[i], say);
            b.Jump(next);
            b.Mark(say);
            byte[] words = Encoding.UTF8.GetBytes($"{Failure(kind, i, hooks[i])}: it is not there, cannot be executed, or failed\n");
            b.Call(SyscallNumbers.SYS_write, StandardError, c.Memory.Copy(words), words.Length);
            b.Jump(end);
            b.Mark(next);
        }

        b.Mark(end);
        b.Fail(Errno.ECANCELED);
        b.Mark(after);
    }

    /// <summary>A slot that is no longer negative from here on.</summary>
    private static Slot Now(Compilation c) => c.Builder.Load(c.Memory.Reserve(sizeof(int)));

    private static void Redirect(Compilation c, SafeFileHandle? file, int number)
    {
        if (file is not null)
        {
            c.Builder.Call(SyscallNumbers.SYS_dup3, c.Inherit(file), number, 0);
        }
    }

    private static void Wait(Compilation c, HookConfig hook, Slot pidfd)
    {
        ProgramBuilder b = c.Builder;

        // struct pollfd: the descriptor, then events and revents of 16 bits each.
        nint poll = c.Memory.Words((nint)POLLIN << 32);
        b.Store(poll, pidfd);
        nint timeout = hook.Timeout is { } seconds ? c.Memory.Words(seconds, 0) : 0;
        nint info = c.Memory.Reserve(128);
        Label inTime = b.NewLabel();
        Label late = b.NewLabel();
        b.Call(SyscallNumbers.SYS_ppoll, poll, 1, timeout, 0, 8).AtLeast(1, Errno.ETIMEDOUT).Unless(Errno.ETIMEDOUT).Otherwise(late);
        b.Jump(inTime);
        b.Mark(late);
        KillLate(b, pidfd, info);
        b.Mark(inTime);

        // siginfo_t: si_code is the third int (exited, not killed), si_status the seventh.
        b.Call(SyscallNumbers.SYS_waitid, P_PIDFD, pidfd, info, WEXITED, 0);
        b.Close(pidfd);
        b.Verify(info + 8, LowWord, CLD_EXITED, Errno.ECANCELED);
        b.Verify(info + 24, LowWord, 0, Errno.ECANCELED);
    }

    /// <summary>Only a pid namespace of the container's own ends its hooks with init; in another the hook would go on for ever.</summary>
    private static void KillLate(ProgramBuilder b, Slot pidfd, nint info)
    {
        Label refused = b.NewLabel();

        // Where the container's own filter refuses it, to wait for the end would be to wait for ever.
        b.Call(SyscallNumbers.SYS_pidfd_send_signal, pidfd, SIGKILL, 0, 0).Unless(Errno.EPERM, Errno.ENOSYS, Errno.EACCES).Otherwise(refused);
        b.Call(SyscallNumbers.SYS_waitid, P_PIDFD, pidfd, info, WEXITED, 0);
        b.Mark(refused);
        b.Fail(Errno.ETIMEDOUT);
    }
}
