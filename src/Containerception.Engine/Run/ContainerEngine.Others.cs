using Containerception.Linux;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>The containers there are, the newest first.</summary>
    /// <param name="all">Also those whose programs have ended.</param>
    public IReadOnlyList<ContainerInfo> List(bool all)
    {
        Sweep();
        return
        [
            .. _store.Directories().Select(ContainerDirectory.TryRead).OfType<ContainerRecord>().Select(Info)
                .Where(container => all || container.State == ContainerState.Running)
                .OrderByDescending(container => container.Created),
        ];
    }

    /// <summary>Sends a signal to a container's first process.</summary>
    /// <returns>The container's id.</returns>
    public string Kill(string container, Signal signal)
    {
        Sweep();
        (_, ContainerRecord record) = _store.Find(container);
        RuntimeProgram runtime = Of(record);
        Alive(record, runtime);
        (int exitCode, _, string error) = runtime.Call("kill", record.Id, ((int)signal).ToString(System.Globalization.CultureInfo.InvariantCulture));
        return exitCode == 0 ? record.Id : throw new EngineException(FailureKind.System, $"cannot kill {record.Name}: {error.Trim()}");
    }

    /// <summary>Forgets a container that has ended.</summary>
    /// <param name="container">Its name or id.</param>
    /// <param name="force">Kill it first, if it runs.</param>
    /// <param name="withVolumes">Its anonymous volumes too, unless another has them.</param>
    /// <returns>The container's id.</returns>
    public string Remove(string container, bool force, bool withVolumes = false)
    {
        Sweep();
        (string path, ContainerRecord record) = _store.Find(container);
        RuntimeProgram runtime = Of(record);
        if (record.Finished is null)
        {
            if (!force)
            {
                throw new EngineException(
                    FailureKind.Conflict, $"the container {record.Name} is running", $"end it first, or use `cdock rm -f {record.Name}`");
            }

            runtime.Call("delete", "--force", record.Id);
        }

        // Whoever ran it sees its end, and lets go of the directory; after --rm nothing is left then.
        using ContainerDirectory? directory = ContainerDirectory.TryTake(path, wait: true);
        if (directory is not null)
        {
            runtime.Call("delete", "--force", record.Id);
            _store.ReleaseName(record.Name, record.Id);
            ForgetVolumes(record.Id, withVolumes);
            directory.Remove();
        }

        return record.Id;
    }

    private static ContainerInfo Info(ContainerRecord record) => new()
    {
        Id = record.Id,
        Name = record.Name,
        Image = record.Image,
        Command = record.Command,
        Created = record.Created,
        Started = record.Started,
        Finished = record.Finished,
        State = record.Finished is not null ? ContainerState.Exited
            : record.Started is not null ? ContainerState.Running
            : ContainerState.Created,
        ExitCode = record.ExitCode,
        Labels = record.Labels,
    };
}
