using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>The containers there are, the newest first.</summary>
    /// <param name="all">Also those whose programs do not run.</param>
    public IReadOnlyList<ContainerInfo> List(bool all)
    {
        if (!_store.Exists)
        {
            return [];
        }

        Sweep();
        NetworkView view = new(NetworkStore);
        return
        [
            .. _store.Table.All().Select(definition => Info(definition, view))
                .Where(container => all || container.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting),
        ];
    }

    /// <summary>What is known of one container.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public ContainerInfo Find(string container)
    {
        Sweep();
        return Info(_store.Table.Find(container), new NetworkView(NetworkStore));
    }

    /// <summary>Removes a container that does not run.</summary>
    /// <param name="container">Its name or id.</param>
    /// <param name="force">Kill it first, if it runs.</param>
    /// <param name="withVolumes">Its anonymous volumes too, unless another has them.</param>
    /// <returns>The container's id.</returns>
    public string Remove(string container, bool force, bool withVolumes = false)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        string path = _store.PathOf(definition.Id);
        using (SupervisorLine? line = SupervisorLine.TryConnect(path))
        {
            if (line is not null && !force && StatusReport.TryRead(path) is { State: not "exited" })
            {
                throw new EngineException(
                    FailureKind.Conflict, $"the container {definition.Name} is running", $"end it first, or use `cdock rm -f {definition.Name}`");
            }

            if (line is not null)
            {
                TrySignal(line, Signal.SIGKILL);
                line.WaitForEnd(time: null, forGood: true);
            }
        }

        RemoveEnded(definition, withVolumes || definition.AutoRemove);
        return definition.Id;
    }

    /// <summary>
    /// Takes back what a container had of the network, and with <c>--rm</c> the container: its supervisor ends at this moment and leaves that to its last
    /// client, who is gone.
    /// </summary>
    public void CleanUp(string id)
    {
        if (_store.Table.TryGet(id) is not ContainerDefinition definition)
        {
            return;
        }

        if (definition.AutoRemove)
        {
            RemoveEnded(definition, withVolumes: true);
            return;
        }

        // Null: it was started again, and has its ports anew.
        using ContainerDirectory? directory = ContainerDirectory.TryTake(_store.PathOf(id));
        if (directory is not null)
        {
            Unplug(id);
        }
    }

    private void RemoveEnded(ContainerDefinition definition, bool withVolumes)
    {
        // Null: somebody was faster, as the next command's sweep may be; or starts it.
        string path = _store.PathOf(definition.Id);
        using ContainerDirectory? directory = ContainerDirectory.TakeEnding(path);
        if (directory is null && Directory.Exists(path))
        {
            throw new EngineException(
                FailureKind.Conflict, $"the container {definition.Name} was started meanwhile, or ends at this moment", $"`cdock rm -f {definition.Name}` ends and removes it");
        }

        if (directory is not null && ContainerDirectory.HasPlan(directory.Path) && !definition.AutoRemove)
        {
            // Its supervisor was killed this very moment.
            Of(definition).Call("delete", "--force", definition.Id);
        }

        Disconnect(definition.Id);
        _store.Table.Remove(definition.Id);
        ForgetVolumes(definition.Id, withVolumes);
        directory?.Remove();
        if (directory is not null)
        {
            Note("destroy", definition);
        }
    }

    private ContainerInfo Info(ContainerDefinition definition, NetworkView view)
    {
        string path = _store.PathOf(definition.Id);
        StatusReport? status = StatusReport.TryRead(path);
        return new ContainerInfo
        {
            Id = definition.Id,
            Name = definition.Name,
            Image = definition.Image,
            ImageId = definition.ImageId,
            Command = definition.Command,
            EntrypointLength = definition.EntrypointLength,
            Created = definition.Created,
            Started = status?.Started,
            Finished = status?.Finished,
            State = status?.State switch
            {
                null or "created" => ContainerState.Created,
                "running" => ContainerState.Running,
                "paused" => ContainerState.Paused,
                "restarting" => ContainerState.Restarting,
                _ => ContainerState.Exited,
            },
            Pid = status?.Pid ?? 0,
            ExitCode = status?.State is "exited" or "restarting" ? status.ExitCode : null,
            Signal = status?.Signal ?? 0,
            OomKills = status?.OomKills ?? 0,
            Reason = status?.Reason,
            RestartCount = status?.RestartCount ?? 0,
            Health = status?.Health,
            Labels = definition.Labels,
            Directory = path,
            Runtime = definition.Runtime,
            AutoRemove = definition.AutoRemove,
            Restart = RestartPolicy.TryParse(definition.Restart)!,
            Tty = definition.Tty,
            OpenStdin = definition.OpenStdin,
            StopSignal = definition.StopSignal,
            StopTimeoutSeconds = definition.StopTimeoutSeconds,
            LogDriver = definition.LogDriver,
            LogOptions = definition.LogOptions,
            Attach = definition.Attach,
            PidOf = definition.PidOf,
            IpcOf = definition.IpcOf,
            IpcShareable = definition.IpcShareable,
            HealthPlan = definition.Health,
            NetworkMode = definition.Networking?.Mode,
            Networks = view.Of(definition.Id),
            Ports = view.PortsOf(definition.Id),
            ExposedPorts = definition.Networking?.Exposed ?? [],
        };
    }
}
