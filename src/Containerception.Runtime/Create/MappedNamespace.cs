using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A user namespace that nobody lives in yet: it carries id mappings to mount_setattr(2), or owns a network namespace that a container joins.</summary>
public static class MappedNamespace
{
    private const int MemorySize = 64 << 10;

    /// <summary>Makes one.</summary>
    public static SafeFileHandle Make(ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids, bool privileged)
        => Make(CloneFlags.CLONE_NEWUSER, uids, gids, privileged, child => OpenOf(child, "user"));

    /// <summary>Makes one, and a network namespace that belongs to it.</summary>
    public static (SafeFileHandle User, SafeFileHandle Network) MakeWithNetwork(ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids, bool privileged)
        => Make(CloneFlags.CLONE_NEWUSER | CloneFlags.CLONE_NEWNET, uids, gids, privileged, child => (OpenOf(child, "user"), OpenOf(child, "net")));

    // A process must be in them while the maps are written; it ends before this returns.
    private static T Make<T>(CloneFlags made, ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids, bool privileged, Func<InitChild, T> open)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using ProgramMemory memory = new(MemorySize);
        ProgramBuilder b = new(memory);
        b.Tell("idmap", "hold a user namespace for an ID-mapped mount", "until its maps are written");
        b.Call(SyscallNumbers.SYS_close, ours.DangerousGetHandle());
        b.Call(SyscallNumbers.SYS_read, theirs.DangerousGetHandle(), memory.Reserve(1), 1);
        b.Call(SyscallNumbers.SYS_exit_group, 0);
        using InitChild child = InitChild.Clone(made, b.Finish(clock: false), second: null, ours, theirs, cgroup: null);
        try
        {
            IdMaps.Write(child.Pid, new LinuxConfig { UidMappings = uids, GidMappings = gids }, privileged);
            return open(child);
        }
        finally
        {
            child.Kill();
        }
    }

    private static SafeFileHandle OpenOf(InitChild child, string kind)
        => Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{child.Pid}/ns/{kind}"), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
}
