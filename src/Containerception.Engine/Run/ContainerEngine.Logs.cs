namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>What a container's program wrote, line by line while it is read.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Unsupported"/>: its log driver keeps nothing that could be read here.</exception>
    public IEnumerable<LogLine> Logs(string container, LogsRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        return definition.LogDriver switch
        {
            "json-file" => new LogFiles(_store.PathOf(definition.Id)).Read(request),
            "journald" => throw new EngineException(
                FailureKind.Unsupported, "configured logging driver does not support reading", $"the journal has it: journalctl CONTAINER_ID={definition.Id[..12]}"),
            _ => throw new EngineException(
                FailureKind.Unsupported, "configured logging driver does not support reading", "the container was made with --log-driver none"),
        };
    }
}
