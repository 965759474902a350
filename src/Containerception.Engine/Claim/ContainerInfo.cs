using System.Collections.Immutable;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What a container is doing. docker's states.</summary>
public enum ContainerState
{
    /// <summary>Made, and never started.</summary>
    Created,

    /// <summary>Its program runs.</summary>
    Running,

    /// <summary>Its processes stand still.</summary>
    Paused,

    /// <summary>Its program has ended, and will be started again.</summary>
    Restarting,

    /// <summary>Its program has ended.</summary>
    Exited,
}

/// <summary>What is known of one container. Its configuration is in <see cref="Directory"/>, in config.json.</summary>
public sealed record ContainerInfo
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name it was given, or that was made up.</summary>
    public required string Name { get; init; }

    /// <summary>What it started on: <c>host</c>, a path, or an image's name.</summary>
    public required string Image { get; init; }

    /// <summary>The digest of the image's configuration; null when it started on no image.</summary>
    public string? ImageId { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>How many words of <see cref="Command"/> are the entrypoint.</summary>
    public int EntrypointLength { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When its program was last started; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When its program last ended; null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>What it is doing.</summary>
    public required ContainerState State { get; init; }

    /// <summary>Its first process, as this machine numbers it; 0 while there is none.</summary>
    public int Pid { get; init; }

    /// <summary>The program's exit status, 128 + signal for a signal; null before it has ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that ended it; 0 for none.</summary>
    public int Signal { get; init; }

    /// <summary>How many of its processes the kernel killed for lack of memory.</summary>
    public long OomKills { get; init; }

    /// <summary>Why it ended, or was not started, where more is known than the exit code says.</summary>
    public string? Reason { get; init; }

    /// <summary>How often its policy started it again.</summary>
    public int RestartCount { get; init; }

    /// <summary>Null without health checks.</summary>
    public HealthReport? Health { get; init; }

    /// <summary>Notes on the container.</summary>
    public required ImmutableSortedDictionary<string, string> Labels { get; init; }

    /// <summary>The container's directory: its bundle, with config.json, log and the supervisor's words.</summary>
    public required string Directory { get; init; }

    /// <summary>The OCI runtime, absolute.</summary>
    public required string Runtime { get; init; }

    /// <summary>It is removed when it ends.</summary>
    public bool AutoRemove { get; init; }

    /// <summary>When its program is started again.</summary>
    public RestartPolicy Restart { get; init; } = RestartPolicy.Never;

    /// <summary>It has a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>It has a standard input.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>The signal that <c>stop</c> sends.</summary>
    public int StopSignal { get; init; }

    /// <summary>After so many seconds <c>stop</c> kills.</summary>
    public int StopTimeoutSeconds { get; init; }

    /// <summary><c>json-file</c>, <c>journald</c> or <c>none</c>.</summary>
    public required string LogDriver { get; init; }

    /// <summary>The driver's options.</summary>
    public required ImmutableSortedDictionary<string, string> LogOptions { get; init; }

    /// <summary><c>none</c>, <c>host</c>, <c>container:ID</c>, or the name of its first network; null for one whose config.json says it.</summary>
    public string? NetworkMode { get; init; }

    /// <summary>Its places in networks, by the network's name.</summary>
    public ImmutableArray<EndpointInfo> Networks { get; init; } = [];

    /// <summary>Ports of the host that lead to it now.</summary>
    public ImmutableArray<PortInfo> Ports { get; init; } = [];

    /// <summary>Ports that it says it serves: <c>80/tcp</c>.</summary>
    public ImmutableArray<string> ExposedPorts { get; init; } = [];

    /// <summary>The streams that whoever runs it is joined with: <c>stdin</c>, <c>stdout</c>, <c>stderr</c>.</summary>
    public ImmutableArray<string> Attach { get; init; } = [];

    /// <summary>The id of the container whose PID namespace it joins; null for none.</summary>
    public string? PidOf { get; init; }

    /// <summary>The id of the container whose IPC namespace it joins; null for none.</summary>
    public string? IpcOf { get; init; }

    /// <summary>Others may join its IPC namespace.</summary>
    public bool IpcShareable { get; init; }

    /// <summary>How its health is checked; null for not at all.</summary>
    public HealthPlan? HealthPlan { get; init; }
}
