using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Takes a group away, with the groups in it. The kernel says EBUSY while a process is in it, also while it is dying.</summary>
internal static class CgroupRemoval
{
    public static void Remove(CgroupNode node) => Remove(node, Deadline.Start());

    private static void Remove(CgroupNode node, Deadline deadline)
    {
        while (!TryRemove(node, out LinuxException? failure))
        {
            if (failure!.Errno != Errno.EBUSY || deadline.IsOver)
            {
                throw new CgroupException($"cgroup {node.Path} cannot be removed: {failure.Message}", Hint(node), failure);
            }

            using CgroupNode opened = new(node.Path, node.Controllers);
            if (!opened.Exists)
            {
                return;
            }

            List<CgroupNode> children = opened.Children();
            foreach (CgroupNode child in children)
            {
                using (child)
                {
                    Remove(child, deadline);
                }
            }

            if (children.Count == 0)
            {
                WaitForAnEnd(opened, deadline);
            }
        }
    }

    private static bool TryRemove(CgroupNode node, out LinuxException? failure)
    {
        try
        {
            Files.TryUnlinkAt(Descriptor.WorkingDirectory, node.Path, AtFlags.AT_REMOVEDIR);
            failure = null;
            return true;
        }
        catch (LinuxException exception)
        {
            failure = exception;
            return false;
        }
    }

    private static void WaitForAnEnd(CgroupNode node, Deadline deadline)
    {
        if (node.IsUnified)
        {
            CgroupEvents.WaitFor(node, "populated", 0, deadline);
            return;
        }

        SortedSet<int> pids = [];
        node.AddProcesses(pids);
        foreach (int pid in pids)
        {
            using SafeFileHandle? process = Processes.TryPidfdOpen(pid);
            if (process is not null)
            {
                Polling.Poll(process, PollEvents.POLLIN, deadline.Milliseconds);
                return;
            }
        }

        // The last one has ended and left the list, but not yet the group: a matter of microseconds.
        Deadline.WaitForNothing();
    }

    private static string? Hint(CgroupNode node)
    {
        SortedSet<int> pids = [];
        node.AddProcesses(pids);
        return pids.Count == 0 ? null : $"processes are still in it: {string.Join(", ", pids)}";
    }
}
