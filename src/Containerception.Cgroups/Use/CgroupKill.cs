using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Signals every process of a container, so that none escapes by forking.</summary>
internal sealed class CgroupKill(CgroupNode? processes, CgroupNode? freezer, CgroupNode? unified)
{
    // Each round kills all that the last one's survivors have made meanwhile.
    private const int RoundsMax = 100;

    public void Send(Signal signal)
    {
        if (signal == Signal.SIGKILL && unified is { Exists: true } && KillUnified(unified) && processes == unified)
        {
            return;
        }

        // Only version 2 has one word for all. Frozen processes cannot fork while the list is read; where freezing fails they are
        // signalled as they run, again until a round meets nobody new.
        bool froze = TryFreeze();
        try
        {
            SortedSet<int> signalled = [];
            for (int round = 0; round < RoundsMax && SignalNew(signal, signalled) && !froze; round++)
            {
            }
        }
        finally
        {
            if (freezer is { Exists: true } && signal == Signal.SIGKILL)
            {
                Freezer.ThawAll(freezer);
            }
            else if (froze)
            {
                Freezer.Thaw(freezer!);
            }
        }
    }

    // cgroup.kill, since Linux 5.14. In a hybrid layout it is there too, and whoever was cloned into the group is in it.
    private static bool KillUnified(CgroupNode node)
    {
        using SafeFileHandle? kill = node.TryOpenFile("cgroup.kill", OpenFlags.O_WRONLY);
        if (kill is null)
        {
            return false;
        }

        FileContents.WriteAll(kill, "1"u8);
        return true;
    }

    /// <returns>Whether there was a process that had not been signalled before.</returns>
    private bool SignalNew(Signal signal, SortedSet<int> signalled)
    {
        SortedSet<int> pids = [];
        if (processes is { Exists: true })
        {
            processes.AddAllProcesses(pids);
        }

        bool any = false;
        foreach (int pid in pids)
        {
            if (signalled.Add(pid))
            {
                any = true;
                Processes.Kill(pid, signal);
            }
        }

        return any;
    }

    private bool TryFreeze()
    {
        // What was frozen before stays so, except for SIGKILL, which nobody could see otherwise.
        if (freezer is not { Exists: true } || Freezer.IsFrozen(freezer))
        {
            return false;
        }

        try
        {
            Freezer.Freeze(freezer);
            return true;
        }
        catch (Exception failure) when (failure is CgroupException or LinuxException)
        {
            return false;
        }
    }
}
