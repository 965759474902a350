using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Ends a container and takes away all that it left: processes, control groups, state; then runs its poststop hooks.</summary>
internal static class Remover
{
    private const int KillMilliseconds = 10_000;
    private const int LookMilliseconds = 500;

    /// <returns>What poststop hooks and systemd complained of.</returns>
    public static IReadOnlyList<string> Delete(StateDirectory directory, string id, bool force)
    {
        directory.Lock();
        SavedState? state;
        try
        {
            state = directory.TryLoad();
        }
        catch (ContainerException damage) when (force)
        {
            directory.Remove();
            return [$"{damage.Message}; only its directory was removed"];
        }

        if (state is null)
        {
            // Its maker died before there was anything but the directory.
            directory.Remove();
            return [];
        }

        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        string status = ContainerLife.StatusOf(directory, state, cgroup);
        if (status is not (ContainerLife.Stopped or ContainerLife.Created) && !force)
        {
            throw new ContainerException(FailureKind.Conflict, $"cannot delete container {id} that is not stopped: {status}", "kill it first, or use --force");
        }

        if (status != ContainerLife.Stopped)
        {
            KillInit(state, cgroup);
        }

        return Finish(directory, state, cgroup);
    }

    /// <summary>Takes away what a container whose init has ended left.</summary>
    public static IReadOnlyList<string> Finish(StateDirectory directory, SavedState state, Cgroup cgroup)
    {
        List<Exception> failures = [];
        if (!state.OwnsPids || state.InitPid == 0 || state.Unit is not null)
        {
            // Without a pid namespace that ended with init the others outlive it; and an init whose maker was killed before it wrote down who
            // it is may be running.
            Try(() => cgroup.KillAll(Signal.SIGKILL), failures);
        }

        string? complaint = state.Unit is { } unit ? TryStop(unit) : null;
        Try(cgroup.Remove, failures);
        if (state.Rdt is { } rdt)
        {
            Try(rdt.Remove, failures);
        }

        // What is left would be nobody's once the state is gone: with it, delete can be tried again.
        if (failures.Count > 0)
        {
            throw new ContainerException(FailureKind.System, string.Join("; ", failures.Select(failure => failure.Message)),
                failures.OfType<CgroupException>().Select(failure => failure.Hint).FirstOrDefault(hint => hint is not null));
        }

        List<string> complaints = complaint is null ? [] : [complaint];
        RuntimeConfig? config = TryReadConfig(directory);
        directory.Remove();
        if (config?.Hooks is { Poststop.Length: > 0 } hooks)
        {
            complaints.AddRange(Hooks.RunAll("poststop", hooks.Poststop, state, ContainerLife.Stopped, 0, config));
        }

        return complaints;
    }

    /// <summary>What is undone goes on after a failure, and tells every one.</summary>
    private static void Try(Action step, List<Exception> failures)
    {
        try
        {
            step();
        }
        catch (Exception failure) when (failure is CgroupException or LinuxException)
        {
            failures.Add(failure);
        }
    }

    /// <summary>Without processes a scope ends by itself; a bus that is gone must not keep the container from being removed.</summary>
    private static string? TryStop(SystemdUnit unit)
    {
        try
        {
            SystemdScope.Stop(unit);
            return null;
        }
        catch (Exception failure) when (failure is CgroupException or LinuxException)
        {
            return $"the unit {unit.Name} was left to end by itself: {failure.Message}";
        }
    }

    private static void KillInit(SavedState state, Cgroup cgroup)
    {
        using SafeFileHandle? init = Processes.TryPidfdOpen(state.InitPid);
        if (init is null || !ProcessTable.IsAlive(state.InitPid, state.InitStart))
        {
            return;
        }

        Processes.PidfdSendSignal(init, Signal.SIGKILL);

        // A frozen process dies only once it is thawed, and one that still runs may freeze another once more.
        int waited = 0;
        do
        {
            cgroup.ThawAll();
            waited += LookMilliseconds;
        }
        while (Polling.Poll(init, PollEvents.POLLIN, LookMilliseconds) == PollEvents.None && waited < KillMilliseconds);
        if (waited >= KillMilliseconds)
        {
            throw new ContainerException(FailureKind.System, $"init (pid {state.InitPid}) did not end {KillMilliseconds / 1000} s after SIGKILL", "it hangs in the kernel: see /proc/PID/stack");
        }
    }

    /// <summary>A configuration that no longer can be read must not keep the container from being removed.</summary>
    private static RuntimeConfig? TryReadConfig(StateDirectory directory)
    {
        try
        {
            return Bundle.Read(directory.LoadConfig());
        }
        catch (Exception failure) when (failure is IOException or ContainerException)
        {
            return null;
        }
    }
}
