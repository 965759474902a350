using Containerception.Cgroups;

namespace Containerception.Runtime;

/// <summary>In which of the specification's states a container is. runtime-spec, runtime.md, "State".</summary>
internal static class ContainerLife
{
    public const string Created = "created";
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Stopped = "stopped";

    public static string StatusOf(StateDirectory directory, SavedState state, Cgroup cgroup)
    {
        // A maker that died before it had a child left a container that can only be deleted.
        if (state.InitPid == 0 || !ProcessTable.IsAlive(state.InitPid, state.InitStart))
        {
            return Stopped;
        }

        return cgroup.IsFrozen ? Paused : directory.HasFifo ? Created : Running;
    }
}
