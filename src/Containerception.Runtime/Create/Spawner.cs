using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Runs a program of the host to its end: a hook, newuidmap. Its output is kept for the error message.</summary>
internal static class Spawner
{
    private const int MessageBytesMax = 64 << 10;
    private const int TextReserve = 64 << 10;

    /// <param name="path">The program, absolute.</param>
    /// <param name="arguments">argv, with the name first.</param>
    /// <param name="environment">The whole environment.</param>
    /// <param name="input">What it reads; null for nothing.</param>
    /// <param name="timeout">After which it is killed; null for never.</param>
    /// <param name="outputBytesMax">What is kept of its output.</param>
    /// <param name="writes">Where its output and its errors go instead; null for where they are kept.</param>
    /// <returns>The exit status, 128 + signal for a signal; and what it wrote.</returns>
    /// <exception cref="ContainerException">It could not be executed, or took too long.</exception>
    public static (int Status, string Output) Run(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        SafeFileHandle? input,
        TimeSpan? timeout,
        int outputBytesMax = MessageBytesMax,
        HookOutput? writes = null)
    {
        using SafeFileHandle output = MemoryFiles.Create("output");
        using SafeFileHandle nothing = input ?? Files.Open("/dev/null", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        int texts = arguments.Sum(Encoding.UTF8.GetByteCount) + environment.Sum(Encoding.UTF8.GetByteCount);
        using ProgramMemory memory = new(TextReserve + texts + (32 * (arguments.Count + environment.Count)));
        ProgramBuilder b = new(memory);
        b.Tell("spawn", "execute {0}", "", path, failure: "{0}");
        b.Call(SyscallNumbers.SYS_dup3, nothing.DangerousGetHandle(), 0, 0);
        b.Call(SyscallNumbers.SYS_dup3, (writes?.Stdout ?? output).DangerousGetHandle(), 1, 0);
        b.Call(SyscallNumbers.SYS_dup3, (writes?.Stderr ?? output).DangerousGetHandle(), 2, 0);
        b.Call(SyscallNumbers.SYS_close_range, 3, 0xFFFFFFFF, 4);
        SignalSteps.Reset(b, memory, mask: 0);
        b.Call(SyscallNumbers.SYS_execve, b.Text(path), memory.Texts(arguments), memory.Texts(environment));
        CompiledProgram program = b.Finish(clock: false);
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using InitChild child = InitChild.Clone(0, program, second: null, ours, theirs, cgroup: null);
        WaitStatus status = Wait(child, path, timeout);
        if (program.Failure() is { } failure)
        {
            throw failure;
        }

        MemoryFiles.Rewind(output);
        byte[] text = new byte[Math.Min((ulong)outputBytesMax, FileStatuses.Statx(output).Size)];
        return (status.ExitCode, Encoding.UTF8.GetString(text, 0, FileContents.Read(output, text)));
    }

    private static WaitStatus Wait(InitChild child, string path, TimeSpan? timeout)
    {
        if (timeout is { } limit && Polling.Poll(child.Pidfd, PollEvents.POLLIN, (int)limit.TotalMilliseconds) == PollEvents.None)
        {
            child.Kill();
            throw new ContainerException(FailureKind.System, $"{path}: timed out after {limit.TotalSeconds:0} s");
        }

        return Waiting.Wait(child.Pidfd);
    }
}
