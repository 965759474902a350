using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>Where and when the process runs, and where its memory lies. Once it is in its control groups, whose cpuset bounds both.</summary>
internal static class SchedulingSteps
{
    // As many processors and nodes as a kernel can be built for.
    private const int ProcessorsMax = 8192;
    private const int NodesMax = 1024;

    public static void Add(Compilation c, ProcessConfig process, string? affinity)
    {
        SetAffinity(c, affinity);
        if (process.Scheduler is not null || process.IoPriority is not null)
        {
            c.Builder.Tell("scheduling", "ask the parent for the scheduling policy", "process.scheduler, process.ioPriority: root of a user namespace may not raise them");
            Conversation.Say(c, SyncMessage.SchedulingPlease, wait: true);
        }

        if (c.Linux.Personality is { } personality)
        {
            c.Builder.Tell("personality", "set the personality {0}", "linux.personality: personality(2)", personality.Domain);
            c.Builder.Call(SyscallNumbers.SYS_personality, personality.Domain == "LINUX32" ? 8 : 0);
        }

        if (c.Linux.MemoryPolicy is { } policy)
        {
            SetMemoryPolicy(c, policy);
        }
    }

    /// <summary>
    /// The processors asked for, else all: what the caller was bound to is not the container's business, and since Linux 6.2 the kernel
    /// keeps it when a process enters a cpuset.
    /// </summary>
    private static void SetAffinity(Compilation c, string? affinity)
    {
        bool asked = !string.IsNullOrEmpty(affinity);
        Span<byte> mask = stackalloc byte[ProcessorsMax / 8];
        if (asked)
        {
            c.Builder.Tell("affinity", "run on the processors {0}", "process.execCPUAffinity.final: sched_setaffinity(2)", affinity);
            SetBits(mask, NumberList.Parse(affinity));
        }
        else
        {
            c.Builder.Tell("affinity", "run on all processors of the cpuset", "what the caller is bound to does not bind the container: sched_setaffinity(2)");
            mask.Fill(0xFF);
        }

        StepHandle set = c.Builder.Call(SyscallNumbers.SYS_sched_setaffinity, 0, mask.Length, c.Memory.Copy(mask));
        if (!asked)
        {
            // No more than a courtesy, which a filter around us may refuse.
            set.Unless(Errno.EPERM, Errno.EINVAL, Errno.ENOSYS);
        }
    }

    private static void SetMemoryPolicy(Compilation c, MemoryPolicyConfig policy)
    {
        c.Builder.Tell("memory-policy", "set the memory policy {0}", "linux.memoryPolicy: set_mempolicy(2)", policy.Mode);
        int mode = (int)Enum.Parse<MemoryPolicyMode>(policy.Mode);
        foreach (string flag in policy.Flags)
        {
            mode |= (int)Enum.Parse<MemoryPolicyFlags>(flag);
        }

        ImmutableArray<int> nodes = NumberList.Parse(policy.Nodes);
        Span<byte> mask = stackalloc byte[NodesMax / 8];
        mask.Clear();
        SetBits(mask, nodes);

        // The kernel takes one bit less than it is told: set_mempolicy(2), maxnode.
        c.Builder.Call(SyscallNumbers.SYS_set_mempolicy, mode, nodes.IsEmpty ? 0 : c.Memory.Copy(mask), nodes.IsEmpty ? 0 : NodesMax + 1);
    }

    private static void SetBits(Span<byte> mask, ImmutableArray<int> numbers)
    {
        foreach (int number in numbers)
        {
            mask[number / 8] |= (byte)(1 << (number % 8));
        }
    }
}
