using Containerception.Cgroups;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>Lets a created container's program run.</summary>
internal static class Starter
{
    /// <returns>What poststart hooks complained of.</returns>
    public static IReadOnlyList<string> Start(StateDirectory directory)
    {
        directory.Lock();
        SavedState state = directory.Load();
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        string status = ContainerLife.StatusOf(directory, state, cgroup);
        switch (status)
        {
            case ContainerLife.Stopped:
                throw new ContainerException(FailureKind.Conflict, "cannot start a container that has stopped");
            case ContainerLife.Created when directory.OpenFifo():
                return RunHooks(directory, state);
            case ContainerLife.Created:
                throw new ContainerException(FailureKind.Conflict, "cannot start a container that has stopped");
            default:
                throw new ContainerException(FailureKind.Conflict, "cannot start an already running container");
        }
    }

    public static IReadOnlyList<string> RunHooks(StateDirectory directory, SavedState state)
    {
        RuntimeConfig config = Bundle.Read(directory.LoadConfig());
        return config.Hooks is { Poststart.Length: > 0 } hooks
            ? Hooks.RunAll("poststart", hooks.Poststart, state, ContainerLife.Running, state.InitPid, config)
            : [];
    }
}
