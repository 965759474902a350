namespace Containerception.Engine;

/// <summary>Where an engine keeps its containers, and with what it runs them.</summary>
public sealed record EngineOptions
{
    /// <summary>The state directory. Null is $CDOCK_ROOT, else /var/lib/cdock, or for other users than root $XDG_DATA_HOME/cdock.</summary>
    public string? Root { get; init; }

    /// <summary>The OCI runtime: a name, looked for beside this program and in PATH, or a path. Null is <c>ception</c>.</summary>
    public string? Runtime { get; init; }

    /// <summary>Is told each step of a container's making, in words; null tells nothing.</summary>
    public Action<string>? Explain { get; init; }

    /// <summary>A command to which an id is added: it calls <see cref="ContainerEngine.CleanUp"/>, when the client that would is gone.</summary>
    public IReadOnlyList<string> CleanupCommand { get; init; } = [Environment.ProcessPath ?? "cdock", "cleanup"];

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The state directory, absolute.</summary>
    public string RootDirectory => Path.GetFullPath(Root ?? Environment.GetEnvironmentVariable("CDOCK_ROOT") ?? DefaultRoot());

    // The runtime's own state is gone after a reboot, as the containers are; a root of one's own keeps all in one place.
    internal string RuntimeRoot(string runtime)
    {
        string name = Path.GetFileName(runtime);
        return Root is not null || Environment.GetEnvironmentVariable("CDOCK_ROOT") is not null ? Path.Join(RootDirectory, "run", name)
            : PlainUser.IsOne ? Path.Join(PlainUser.RuntimeDirectory, name)
            : Path.Join("/run/cdock", name);
    }

    private static string DefaultRoot()
        => PlainUser.IsOne ? PlainUser.DataDirectory : "/var/lib/cdock";
}
