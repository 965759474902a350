using Containerception.Linux;

namespace Containerception.Seccomp;

/// <summary>A filter as seccomp(2) takes it.</summary>
/// <param name="Instructions">An array of struct sock_filter, 8 bytes each.</param>
/// <param name="Flags">SECCOMP_FILTER_FLAG_* for seccomp(2), without those that only the caller can decide (TSYNC, NEW_LISTENER).</param>
/// <param name="Notifies">A call may ask the listener: load it with SECCOMP_FILTER_FLAG_NEW_LISTENER and keep the descriptor.</param>
public sealed record SeccompProgram(ReadOnlyMemory<byte> Instructions, SeccompFilterFlags Flags, bool Notifies)
{
    internal const int InstructionSize = 8;

    /// <summary>struct sock_fprog's len.</summary>
    public int Length => Instructions.Length / InstructionSize;
}
