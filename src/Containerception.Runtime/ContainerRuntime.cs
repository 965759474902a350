namespace Containerception.Runtime;

/// <summary>The containers below one state directory, and all that can be done with them.</summary>
/// <param name="root">The state directory, <c>/run/ception</c> by default. Made when the first container is.</param>
/// <param name="listener">Is told every step, after it was done; null costs nothing.</param>
/// <exception cref="ContainerException">From every method, for whatever failed.</exception>
public sealed class ContainerRuntime(string root, Action<StepRecord>? listener = null)
{
    public string Root { get; } = root;

    public void Create(CreateRequest request) => throw Missing(request);

    /// <summary>Creates, starts, waits and deletes (or, detached, only creates and starts).</summary>
    /// <returns>The process's exit status, 128 + signal for a signal; 0 when detached.</returns>
    public int Run(CreateRequest request) => throw Missing(request);

    public void Start(string id) => throw Missing(id);

    public ContainerStatus State(string id) => throw Missing(id);

    public IReadOnlyList<ContainerStatus> List() => throw Missing(Root);

    /// <returns>The process's exit status, 128 + signal for a signal; 0 when detached.</returns>
    public int Exec(ExecRequest request) => throw Missing(request);

    /// <summary>Sends a signal to init, or with <paramref name="all"/> to every process of the container.</summary>
    public void Kill(string id, int signal, bool all) => throw Missing(id);

    public void Delete(string id, bool force) => throw Missing(id);

    public void Pause(string id) => throw Missing(id);

    public void Resume(string id) => throw Missing(id);

    /// <summary>The pids of the container's processes, as the caller sees them.</summary>
    public IReadOnlyList<int> Processes(string id) => throw Missing(id);

    private NotSupportedException Missing(object request) => new($"{request} {listener}");
}
