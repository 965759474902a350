using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    // docker's for a container whose end nobody saw.
    private const int UnseenExitCode = 255;

    private const int KilledExitCode = 137;

    /// <summary>
    /// Sets right what the dead have left, who are known by their directories: nobody locks them. What was never finished is removed; what
    /// ran without its supervisor is ended, and says so; after a reboot too. Mounts are gone already, since they were in namespaces of their own.
    /// </summary>
    private void Sweep()
    {
        if (!_store.Exists)
        {
            return;
        }

        Dictionary<string, bool> rows = _store.Table.Ids();
        foreach (string path in _store.Directories())
        {
            string id = Path.GetFileName(path);
            bool isWhole = rows.Remove(id, out bool whole) && whole;
            if ((isWhole && !ContainerDirectory.HasPlan(path)) || ContainerDirectory.IsTaken(path))
            {
                continue;
            }

            using ContainerDirectory? dead = _store.TryTakeDead(path);
            if (dead is not null)
            {
                Bury(dead);
            }
        }

        VolumeStore.Sweep(RootDirectory);
        foreach (string id in rows.Keys.Where(id => !Directory.Exists(_store.PathOf(id))))
        {
            Disconnect(id);
            _store.Table.Remove(id);
        }
    }

    private void Bury(ContainerDirectory dead)
    {
        // Asked once more: between the list and the lock it may have become whole, or been started.
        ContainerDefinition? definition = _store.Table.TryGet(dead.Id);
        StatusReport? status = StatusReport.TryRead(dead.Path);
        if (definition is not null && ContainerDirectory.HasPlan(dead.Path))
        {
            Of(definition).Call("delete", "--force", definition.Id);
        }

        bool isKept = definition is not null && (_store.Table.Ids().GetValueOrDefault(dead.Id) || status is not null);
        if (definition is null || !isKept || (definition.AutoRemove && status is not null))
        {
            Disconnect(dead.Id);
            _store.Table.Remove(dead.Id);
            ForgetVolumes(dead.Id, withAnonymous: true);
            dead.Remove();
            return;
        }

        if (status is { State: not "exited" })
        {
            Ended(status).Write(dead.Path);
        }

        Unplug(dead.Id);
        dead.RemovePlan();
    }

    private StatusReport Ended(StatusReport status)
    {
        string boot = StatusReport.CurrentBootId();
        bool isOfThisBoot = status.BootId == boot;
        return status with
        {
            State = "exited",
            Pid = 0,
            Finished = _options.Clock.GetUtcNow(),
            ExitCode = isOfThisBoot ? KilledExitCode : UnseenExitCode,
            Signal = isOfThisBoot ? (int)Linux.Signal.SIGKILL : 0,
            Reason = isOfThisBoot ? "its supervisor was killed, and it with it" : "the machine was started anew while it ran",
            BootId = boot,
        };
    }

    private RuntimeProgram Of(ContainerDefinition definition) => new(definition.Runtime, _options.RuntimeRoot(definition.Runtime));
}
