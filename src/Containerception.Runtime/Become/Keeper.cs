using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The process that keeps a user's namespaces: it executes <see cref="KeeperProgram"/>, has the lock on its record, and nothing else. It is in
/// a session of its own, so that no terminal ends it.
/// </summary>
internal static class Keeper
{
    private const int MemorySize = 64 << 10;
    private const int F_SETFD = 2;
    private const string Name = "cdock: user namespace";

    /// <param name="record">Whose lock it holds from now on.</param>
    /// <param name="known">The user namespace that it keeps; null makes a new one.</param>
    /// <param name="uids">The maps of a new one, beside the caller's own uid.</param>
    /// <param name="gids">The same for gids.</param>
    public static InitChild Start(SafeFileHandle record, SafeFileHandle? known, ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using SafeFileHandle program = KeeperProgram.Make();
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using ProgramMemory memory = new(MemorySize);
        CompiledProgram steps = Compile(memory, theirs, record, known, program, nothing);
        InitChild child = InitChild.Clone(known is null ? CloneFlags.CLONE_NEWUSER : 0, steps, second: null, ours, theirs, cgroup: null);
        try
        {
            if (known is null)
            {
                LinuxConfig maps = new()
                {
                    UidMappings = [new IdMapping { ContainerId = 0, HostId = Credentials.EffectiveUid, Size = 1 }, .. uids],
                    GidMappings = [new IdMapping { ContainerId = 0, HostId = Credentials.EffectiveGid, Size = 1 }, .. gids],
                };
                IdMaps.Write(child.Pid, maps, privileged: false);
            }

            child.Go();
            child.Listen("", out _);
            return child;
        }
        catch
        {
            child.Kill();
            child.Dispose();
            throw;
        }
    }

    private static CompiledProgram Compile(
        ProgramMemory memory, SafeFileHandle sync, SafeFileHandle record, SafeFileHandle? known, SafeFileHandle program, SafeFileHandle nothing)
    {
        ProgramBuilder b = new(memory);
        b.Tell("keep", "keep a user namespace for this user", "all that he starts is to be in the same");

        // Without a word its parent is dead, and the namespace has no maps.
        b.Call(SyscallNumbers.SYS_read, sync.DangerousGetHandle(), memory.Reserve(1), 1).AtLeast(1, Errno.ECHILD);
        if (known is not null)
        {
            b.Call(SyscallNumbers.SYS_setns, known.DangerousGetHandle(), (nint)NamespaceFlags.CLONE_NEWUSER);
        }

        // For his containers' bridges. It is the keeper's alone: commands stay in the machine's.
        b.Call(SyscallNumbers.SYS_unshare, (nint)NamespaceFlags.CLONE_NEWNET);
        b.Call(SyscallNumbers.SYS_setsid);
        b.Call(SyscallNumbers.SYS_chdir, b.Text("/"));
        for (int standard = 0; standard < 3; standard++)
        {
            b.Call(SyscallNumbers.SYS_dup3, nothing.DangerousGetHandle(), standard, 0);
        }

        b.Call(SyscallNumbers.SYS_close_range, 3, 0xFFFFFFFF, (int)CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
        b.Call(SyscallNumbers.SYS_fcntl, record.DangerousGetHandle(), F_SETFD, 0);
        b.Call(SyscallNumbers.SYS_execveat, program.DangerousGetHandle(), b.Text(""), memory.Texts([Name]), memory.Texts([]), (int)AtFlags.AT_EMPTY_PATH);
        return b.Finish(clock: false);
    }
}
