namespace Containerception.Seccomp;

/// <summary>
/// Calls that arrive through another one on some architectures: socketcall(2) and ipc(2) with the real call as an argument. Rules for them need
/// libseccomp, which knows how to look inside.
/// </summary>
internal static class Multiplexing
{
    /// <summary>Whether an architecture has such calls. New ones do not: what is not in the list is treated as if it had.</summary>
    public static bool Has(uint architecture) => architecture is not (AuditArch.X86_64 or AuditArch.X32 or AuditArch.Arm or AuditArch.Aarch64
        or AuditArch.Riscv64 or AuditArch.Mips64 or AuditArch.Mips64N32 or AuditArch.Mipsel64 or AuditArch.Mipsel64N32);

    /// <summary>Whether a call is one of them.</summary>
    public static bool Concerns(string name) => name
        is "accept" or "accept4" or "bind" or "connect" or "getpeername" or "getsockname" or "getsockopt" or "listen" or "recv" or "recvfrom"
        or "recvmmsg" or "recvmsg" or "send" or "sendmmsg" or "sendmsg" or "sendto" or "setsockopt" or "shutdown" or "socket" or "socketpair"
        or "socketcall" or "ipc"
        or "msgctl" or "msgget" or "msgrcv" or "msgsnd" or "semctl" or "semget" or "semop" or "semtimedop" or "semtimedop_time64"
        or "shmat" or "shmctl" or "shmdt" or "shmget";
}
