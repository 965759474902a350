using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The signals of a process that is about to execute a program: the container's, a hook, a tool of the host.</summary>
internal static class SignalSteps
{
    private const int SIGKILL = 9;
    private const int SIGSTOP = 19;
    private const int SignalMax = 64;
    private const int SIG_SETMASK = 2;
    private const int SignalSetSize = 8;

    /// <summary>
    /// Gives all signals their defaults back, then takes the mask. The .NET runtime ignores SIGPIPE; nohup(1) and a shell's "&amp;" have others
    /// ignored, which CLONE_CLEAR_SIGHAND leaves so, and a shell could not even trap them. A caller may have the two that libc keeps for itself ignored too.
    /// </summary>
    /// <param name="b">Where the steps go.</param>
    /// <param name="memory">Where their arguments go.</param>
    /// <param name="mask">What is blocked; 0 for nothing.</param>
    public static void Reset(ProgramBuilder b, ProgramMemory memory, ulong mask)
    {
        nint action = memory.Reserve(32);
        for (int signal = 1; signal <= SignalMax; signal++)
        {
            if (signal is not (SIGKILL or SIGSTOP))
            {
                b.Call(SyscallNumbers.SYS_rt_sigaction, signal, action, 0, SignalSetSize);
            }
        }

        b.Call(SyscallNumbers.SYS_rt_sigprocmask, SIG_SETMASK, memory.Words((nint)mask), 0, SignalSetSize);
    }
}
