using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Takes a group away, with the groups in it. The kernel says EBUSY while a process is in it, also while it is dying.</summary>
internal static class CgroupRemoval
{
    public static void Remove(CgroupNode node)
    {
        try
        {
            Remove(node, Deadline.Start());
        }
        catch (LinuxException failure)
        {
            throw new CgroupException($"cgroup {node.Path} cannot be removed: {failure.Message}", cause: failure);
        }
    }

    /// <summary>Removes a group that nobody is in, and that has none in it; false when it is not so.</summary>
    public static bool TryRemoveEmpty(CgroupNode node) => TryRemove(node, out _);

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

            CgroupWalk.Below(opened.Directory, leave: (parent, name) => RemoveInner(opened, parent, name, deadline));
            if (!opened.HasChildren)
            {
                WaitForAnEnd(opened, deadline);
            }
        }
    }

    // What it does not get done the next round finds, until the time is over.
    private static void RemoveInner(CgroupNode top, SafeFileHandle parent, byte[] name, Deadline deadline)
    {
        while (!DirectoryNames.TryRemove(parent, name) && !deadline.IsOver && DirectoryNames.TryOpen(parent, name) is { } directory)
        {
            using CgroupNode node = CgroupNode.Take(directory, top.Path, top.Controllers);
            if (node.HasChildren)
            {
                return;
            }

            WaitForAnEnd(node, deadline);
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
        node.AddAllProcesses(pids);
        return pids.Count == 0 ? null : $"processes are still in it: {string.Join(", ", pids)}";
    }
}
