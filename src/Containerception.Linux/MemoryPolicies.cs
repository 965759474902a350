using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>NUMA memory policies, spelled as in linux/mempolicy.h.</summary>
public enum MemoryPolicyMode
{
    MPOL_DEFAULT = 0,
    MPOL_PREFERRED = 1,
    MPOL_BIND = 2,
    MPOL_INTERLEAVE = 3,
    MPOL_LOCAL = 4,
    MPOL_PREFERRED_MANY = 5,
    MPOL_WEIGHTED_INTERLEAVE = 6,
}

/// <summary>What modifies a policy, spelled as in linux/mempolicy.h.</summary>
[Flags]
public enum MemoryPolicyFlags
{
    None = 0,
    MPOL_F_NUMA_BALANCING = 1 << 13,
    MPOL_F_RELATIVE_NODES = 1 << 14,
    MPOL_F_STATIC_NODES = 1 << 15,
}

/// <summary>On which nodes the thread's memory comes to lie: set_mempolicy(2).</summary>
public static unsafe partial class MemoryPolicies
{
    private const int BitsPerWord = 64;

    // MAX_NUMNODES is at most 1 << 10.
    private const int NodesMax = 1024;

    /// <summary>Sets the policy of the thread, which execve(2) keeps. Nodes are numbers from 0.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: no such node, or a mode that takes none or needs some.</exception>
    public static void Set(MemoryPolicyMode mode, MemoryPolicyFlags flags, IReadOnlyCollection<int> nodes)
    {
        ulong* mask = stackalloc ulong[NodesMax / BitsPerWord];
        new Span<ulong>(mask, NodesMax / BitsPerWord).Clear();
        foreach (int node in nodes)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)node, (uint)NodesMax, nameof(nodes));
            mask[node / BitsPerWord] |= 1UL << (node % BitsPerWord);
        }

        // The kernel takes one bit less than it is told: set_mempolicy(2), maxnode.
        nint result = set_mempolicy(SyscallNumbers.SYS_set_mempolicy, (int)mode | (int)flags, nodes.Count == 0 ? null : mask,
            nodes.Count == 0 ? 0u : NodesMax + 1u);
        Check.Result(result, $"set_mempolicy({mode}|{flags}, [{string.Join(", ", nodes):list}])");
    }

    // No libc symbol: that of libnuma is a library of its own.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint set_mempolicy(long number, int mode, ulong* nodes, nuint maximum);
}
