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
        bool alive = ContainerLife.StatusOf(directory, state, cgroup) != ContainerLife.Stopped;
        if (all && !state.CgroupPaths.IsEmpty)
        {
            // What init left behind in a shared pid namespace is still the container's. Without groups nobody but init is known.
            cgroup.KillAll(signal);
            return;
        }

        using SafeFileHandle? init = alive ? Processes.TryPidfdOpen(state.InitPid) : null;
        if (init is null || !ProcessTable.IsAlive(state.InitPid, state.InitStart) || !Processes.PidfdSendSignal(init, signal))
        {
            throw new ContainerException(FailureKind.Conflict, "container not running");
        }

        if (signal == Signal.SIGKILL)
        {
            // A frozen process dies only once it is thawed; and without a pid namespace the kernel does not kill the rest with init.
            cgroup.Thaw();
            if (!state.OwnsPids)
            {
                cgroup.KillAll(signal);
            }
        }
    }
}
