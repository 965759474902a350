using Containerception.Cgroups;

namespace Containerception.Runtime;

/// <summary>Pauses and resumes a container with the cgroup freezer.</summary>
internal static class Pauser
{
    public static void Pause(StateDirectory directory)
    {
        directory.Lock();
        SavedState state = directory.Load();
        state.RequireCgroups("it cannot be paused");
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        if (ContainerLife.StatusOf(directory, state, cgroup) is not (ContainerLife.Running or ContainerLife.Created))
        {
            throw new ContainerException(FailureKind.Conflict, "container not running or created: " + ContainerLife.StatusOf(directory, state, cgroup));
        }

        cgroup.Freeze();
    }

    public static void Resume(StateDirectory directory)
    {
        directory.Lock();
        SavedState state = directory.Load();
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        if (ContainerLife.StatusOf(directory, state, cgroup) != ContainerLife.Paused)
        {
            throw new ContainerException(FailureKind.Conflict, "container not paused");
        }

        cgroup.Thaw();
    }
}
