using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A user namespace that nobody lives in: it only carries id mappings to mount_setattr(2).</summary>
public static class MappedNamespace
{
    private const int MemorySize = 64 << 10;

    /// <summary>Makes one. A process must be in it while its maps are written; that ends before this returns.</summary>
    public static SafeFileHandle Make(ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids, bool privileged)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using ProgramMemory memory = new(MemorySize);
        ProgramBuilder b = new(memory);
        b.Tell("idmap", "hold a user namespace for an ID-mapped mount", "until its maps are written");
        b.Call(SyscallNumbers.SYS_close, ours.DangerousGetHandle());
        b.Call(SyscallNumbers.SYS_read, theirs.DangerousGetHandle(), memory.Reserve(1), 1);
        b.Call(SyscallNumbers.SYS_exit_group, 0);
        using InitChild child = InitChild.Clone(CloneFlags.CLONE_NEWUSER, b.Finish(clock: false), second: null, ours, theirs, cgroup: null);
        try
        {
            IdMaps.Write(child.Pid, new LinuxConfig { UidMappings = uids, GidMappings = gids }, privileged);
            return Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{child.Pid}/ns/user"), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        }
        finally
        {
            child.Kill();
        }
    }
}
