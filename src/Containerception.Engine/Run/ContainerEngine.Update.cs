using System.Text;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>Changes a container's limits and restart policy: at once where it runs, and for each later start.</summary>
    /// <returns>Its id.</returns>
    public string Update(string container, UpdateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        if (request.Restart is { Kind: not RestartKind.No } && definition.AutoRemove)
        {
            throw EngineException.Invalid("a restart policy cannot be given to a container that is removed at its end (--rm)");
        }

        if (request.Restart is { } asked && (definition.PidOf ?? definition.IpcOf) is not null)
        {
            CheckRestart(definition.PidOf is null ? "--ipc" : "--pid", asked);
        }

        string path = _store.PathOf(definition.Id);
        if (!request.Limits.IsEmpty)
        {
            SetLimits(definition, path, request.Limits);
        }

        if (request.Restart is { } policy)
        {
            _store.Table.SetRestart(definition.Id, policy.ToString());
            using SupervisorLine? line = SupervisorLine.TryConnect(path);
            line?.Ask(FrameKind.Restart, Encoding.UTF8.GetBytes(policy.ToString()));
        }

        if (!request.PortsAdded.IsEmpty || !request.PortsRemoved.IsEmpty)
        {
            SetPorts(definition, request);
        }

        Note("update", definition);
        return definition.Id;
    }

    private void SetLimits(ContainerDefinition definition, string path, LimitsRequest limits)
    {
        string file = Path.Join(path, "config.json");
        RuntimeConfig config = RuntimeConfig.Read(file);
        LinuxConfig linux = config.Linux ?? new LinuxConfig();
        LinuxResources changed = LimitsCompiler.Compile(limits, linux.Resources ?? new LinuxResources(), Environment.ProcessorCount);
        if (StatusReport.TryRead(path) is { State: "running" or "paused" })
        {
            // Only what is asked for: what was not limited must not be touched.
            string resources = Path.Join(path, "resources.json");
            File.WriteAllBytes(resources, LimitsCompiler.Compile(limits, new LinuxResources(), Environment.ProcessorCount).ToJson());
            (int exitCode, _, string error) = Of(definition).Call("update", "--resources", resources, definition.Id);
            File.Delete(resources);
            if (exitCode != 0)
            {
                throw new EngineException(FailureKind.System, $"cannot update {definition.Name}: {error.Trim()}");
            }
        }

        string next = file + ".next";
        File.WriteAllBytes(next, (config with { Linux = linux with { Resources = changed } }).ToJson(indented: false));
        File.Move(next, file, overwrite: true);
    }
}
