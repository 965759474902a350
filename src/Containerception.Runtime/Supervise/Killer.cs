using Containerception.Cgroups;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Signals for a container.</summary>
internal static class Killer
{
    public static void Kill(StateDirectory directory, Signal signal, bool all)
    {
        SavedState state = directory.Load();
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        if (all)
        {
            // As runc has it: nobody there to be signalled is what was wanted.
            _ = KillGroup(cgroup, signal) || KillInit(state, cgroup, signal);
            return;
        }

        // Without a pid namespace that ends with init the kernel does not kill the rest with it, and the rest can outlive it: what init has
        // left behind is still the container's.
        if (!(signal == Signal.SIGKILL && !state.OwnsPids && KillGroup(cgroup, signal)) && !KillInit(state, cgroup, signal))
        {
            throw new ContainerException(FailureKind.Conflict, "container not running");
        }
    }

    /// <returns>Whether anybody was there. Without groups nobody but init is known.</returns>
    private static bool KillGroup(Cgroup cgroup, Signal signal)
    {
        if (cgroup.Processes().Count == 0)
        {
            return false;
        }

        cgroup.KillAll(signal);
        return true;
    }

    private static bool KillInit(SavedState state, Cgroup cgroup, Signal signal)
    {
        using SafeFileHandle? init = state.InitPid == 0 ? null : Processes.TryPidfdOpen(state.InitPid);
        if (init is null || !ProcessTable.IsAlive(state.InitPid, state.InitStart) || !Processes.PidfdSendSignal(init, signal))
        {
            return false;
        }

        if (signal == Signal.SIGKILL)
        {
            // A frozen process dies only once it is thawed.
            cgroup.ThawAll();
        }

        return true;
    }
}
