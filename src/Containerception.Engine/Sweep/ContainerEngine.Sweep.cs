namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    // docker's for a container whose end nobody saw.
    private const int ExitCodeUnknown = 255;

    /// <summary>
    /// Removes what is left of containers whose cdock died: directories that nobody locks. Mounts are gone already, since they were in a
    /// namespace of their own. A container that still runs is left alone.
    /// </summary>
    private void Sweep()
    {
        foreach (string path in _store.Directories())
        {
            if (ContainerDirectory.TryRead(path) is { Finished: not null, AutoRemove: false })
            {
                continue;
            }

            using ContainerDirectory? dead = _store.TryTakeDead(path);
            if (dead is not null)
            {
                Bury(dead);
            }
        }

        foreach ((string name, string id) in _store.StaleNames())
        {
            _store.ReleaseName(name, id);
        }
    }

    private void Bury(ContainerDirectory dead)
    {
        ContainerRecord? record = ContainerDirectory.TryRead(dead.Path);
        if (record is { Started: not null, Finished: null })
        {
            RuntimeProgram runtime = Of(record);
            if (runtime.State(record.Id) is { IsAlive: true })
            {
                return;
            }

            runtime.Call("delete", "--force", record.Id);
            if (!record.AutoRemove)
            {
                dead.Write(record with { Finished = _options.Clock.GetUtcNow(), ExitCode = ExitCodeUnknown });
                return;
            }
        }

        if (record is not null)
        {
            _store.ReleaseName(record.Name, record.Id);
        }

        ForgetVolumes(dead.Id, withAnonymous: true);

        dead.Remove();
    }

    private RuntimeProgram Of(ContainerRecord record) => new(record.Runtime, _options.RuntimeRoot(record.Runtime));
}
