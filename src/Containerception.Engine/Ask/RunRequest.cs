using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What <c>cdock run</c> is asked for. The defaults are docker's.</summary>
public sealed record RunRequest
{
    /// <summary>What the container starts on.</summary>
    public required RootRequest Root { get; init; }

    /// <summary>The command after the ROOT; empty for the root's own.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>What is put before <see cref="Command"/>; null for the root's own.</summary>
    public string? Entrypoint { get; init; }

    /// <summary>The container's name; null for a generated one.</summary>
    public string? Name { get; init; }

    /// <summary>Give the program this process's standard input; otherwise /dev/null.</summary>
    public bool Interactive { get; init; }

    /// <summary>Give the program a terminal of its own.</summary>
    public bool Tty { get; init; }

    /// <summary>Forget the container when it ends.</summary>
    public bool AutoRemove { get; init; }

    /// <summary>Which streams whoever runs it is joined with, as far as <c>inspect</c> tells: <c>stdin</c>, <c>stdout</c>, <c>stderr</c>.</summary>
    public ImmutableArray<string> Attach { get; init; } = [];

    /// <summary>Return once the program runs; its standard input does not end with this process's.</summary>
    public bool Detach { get; init; }

    /// <summary>The host name inside; null for the root's own, which is <c>cdock</c>.</summary>
    public string? Hostname { get; init; }

    /// <summary><c>NAME=value</c>, in the order given; the last of a name counts.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>The working directory inside, absolute; null for the root's own, which is <c>/</c>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary><c>USER[:GROUP]</c>, names or numbers; null for the root's own.</summary>
    public string? User { get; init; }

    /// <summary>Groups beside the user's own, names or numbers.</summary>
    public ImmutableArray<string> GroupAdd { get; init; } = [];

    /// <summary>What is mounted beside the standard mounts.</summary>
    public ImmutableArray<MountRequest> Mounts { get; init; } = [];

    /// <summary>Containers whose volumes and bind mounts this one gets too: <c>CONTAINER[:ro]</c>.</summary>
    public ImmutableArray<string> VolumesFrom { get; init; } = [];

    /// <summary>Memory, processor, processes, disk.</summary>
    public LimitsRequest Limits { get; init; } = new();

    /// <summary>Device nodes of the host.</summary>
    public ImmutableArray<DeviceRequest> Devices { get; init; } = [];

    /// <summary>Capabilities beside docker's fourteen; <c>ALL</c> is every one.</summary>
    public ImmutableArray<string> CapabilitiesAdded { get; init; } = [];

    /// <summary>Capabilities taken away; <c>ALL</c> is every one.</summary>
    public ImmutableArray<string> CapabilitiesDropped { get; init; } = [];

    /// <summary>The path of a seccomp profile, <c>unconfined</c>, or null for docker's default profile.</summary>
    public string? Seccomp { get; init; }

    /// <summary>Hide no files of the kernel, and make none read-only.</summary>
    public bool ShowSystemPaths { get; init; }

    /// <summary>Programs cannot gain privileges by setuid files.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>All capabilities and devices, no seccomp filter, nothing masked.</summary>
    public bool Privileged { get; init; }

    /// <summary>It may make containers itself, as root of a user namespace that owns nothing outside.</summary>
    public bool Nest { get; init; }

    /// <summary>The containers that it makes may be of this engine's images; with <see cref="Nest"/>.</summary>
    public bool ShareImages { get; init; }

    /// <summary>The root file system cannot be written.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Limits of getrlimit(2).</summary>
    public ImmutableArray<UlimitRequest> Ulimits { get; init; } = [];

    /// <summary>Kernel parameters of the container's namespaces.</summary>
    public ImmutableSortedDictionary<string, string> Sysctls { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The size of /dev/shm; null is 64 MiB.</summary>
    public long? ShmSizeBytes { get; init; }

    /// <summary>Which namespaces are the container's own.</summary>
    public NamespacesRequest Namespaces { get; init; } = new();

    /// <summary>How it is connected.</summary>
    public NetworkingRequest Networking { get; init; } = new();

    /// <summary>Put a small init before the program, which reaps zombies and forwards signals.</summary>
    public bool Init { get; init; }

    /// <summary>What <c>stop</c> will send; null for what the image says, else SIGTERM.</summary>
    public Signal? StopSignal { get; init; }

    /// <summary>After so many seconds <c>stop</c> kills; -1 is never.</summary>
    public int StopTimeoutSeconds { get; init; } = 10;

    /// <summary>When the program is started again after its end.</summary>
    public RestartPolicy Restart { get; init; } = RestartPolicy.Never;

    /// <summary>How it is found out whether the program does its work; null for not at all.</summary>
    public HealthPlan? Health { get; init; }

    /// <summary>Where what it writes is kept: <c>json-file</c>, <c>journald</c> or <c>none</c>.</summary>
    public string LogDriver { get; init; } = "json-file";

    /// <summary>Options of the log driver.</summary>
    public ImmutableSortedDictionary<string, string> LogOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>A file that gets the container's id, and must not be there; null for none.</summary>
    public string? CidFile { get; init; }

    /// <summary>The kernel does not kill its processes for lack of memory: they wait for some. cgroup v1 only.</summary>
    public bool OomKillDisable { get; init; }

    /// <summary>How likely its processes are killed when the machine's memory is short, -1000 to 1000; null for as this process.</summary>
    public int? OomScoreAdjust { get; init; }

    /// <summary>Words to the runtime, in config.json.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The NIS domain name inside; null for none.</summary>
    public string? Domainname { get; init; }

    /// <summary>The cgroup above the container's; null is /cdock.</summary>
    public string? CgroupParent { get; init; }

    /// <summary>Devices that may be used beside those that everybody has, by number.</summary>
    public ImmutableArray<DeviceNumbers> DeviceRules { get; init; } = [];

    /// <summary>Notes on the container.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>How much of the machine a container may use. Null is no limit of its own.</summary>
public sealed record LimitsRequest
{
    /// <summary>At least 6 MiB, as docker has it.</summary>
    public long? MemoryBytesMax { get; init; }

    /// <summary>Memory and swap together; -1 is any amount of swap. Null is twice the memory.</summary>
    public long? MemoryAndSwapBytesMax { get; init; }

    /// <summary>What the container is left with when the machine runs short.</summary>
    public long? MemoryReservationBytes { get; init; }

    /// <summary>How readily its memory is swapped, 0 to 100; -1 as the host's.</summary>
    public int? MemorySwappiness { get; init; }

    /// <summary>Processors, 0.01 to as many as there are.</summary>
    public decimal? Cpus { get; init; }

    /// <summary>The share of the processor when it is scarce; 1024 is the usual.</summary>
    public ulong? CpuShares { get; init; }

    /// <summary>The time that <see cref="CpuQuotaMicroseconds"/> is a part of, 1000 to 1000000.</summary>
    public ulong? CpuPeriodMicroseconds { get; init; }

    /// <summary>Processor time in each period, at least 1000; -1 is any amount.</summary>
    public long? CpuQuotaMicroseconds { get; init; }

    /// <summary>The memory nodes it may take memory from: <c>0-1</c>.</summary>
    public string? CpusetMems { get; init; }

    /// <summary>The processors it may run on: <c>0-3,7</c>.</summary>
    public string? CpusetCpus { get; init; }

    /// <summary>Processes and threads; -1 is any number.</summary>
    public long? PidsMax { get; init; }

    /// <summary>The share of the disk, 10 to 1000.</summary>
    public ushort? BlockIoWeight { get; init; }

    /// <summary>The share of each of these disks, 10 to 1000.</summary>
    public ImmutableArray<DeviceRate> BlockIoWeightDevices { get; init; } = [];

    /// <summary>Bytes a second read of each device.</summary>
    public ImmutableArray<DeviceRate> DeviceReadBps { get; init; } = [];

    /// <summary>Bytes a second written to each device.</summary>
    public ImmutableArray<DeviceRate> DeviceWriteBps { get; init; } = [];

    /// <summary>Reads a second of each device.</summary>
    public ImmutableArray<DeviceRate> DeviceReadIops { get; init; } = [];

    /// <summary>Writes a second to each device.</summary>
    public ImmutableArray<DeviceRate> DeviceWriteIops { get; init; } = [];

    /// <summary>Nothing is limited. An empty array is not always equal to another.</summary>
    internal bool IsEmpty
        => BlockIoWeightDevices.IsEmpty && DeviceReadBps.IsEmpty && DeviceWriteBps.IsEmpty && DeviceReadIops.IsEmpty && DeviceWriteIops.IsEmpty
            && this == new LimitsRequest
            {
                BlockIoWeightDevices = BlockIoWeightDevices,
                DeviceReadBps = DeviceReadBps,
                DeviceWriteBps = DeviceWriteBps,
                DeviceReadIops = DeviceReadIops,
                DeviceWriteIops = DeviceWriteIops,
            };
}

/// <summary>Which namespaces are the container's own; the others are the host's.</summary>
public sealed record NamespacesRequest
{
    /// <summary>Its own network, with nothing but a loopback device.</summary>
    public bool OwnNetwork { get; init; } = true;

    /// <summary>Its own processes.</summary>
    public bool OwnPid { get; init; } = true;

    /// <summary>Its own System V and POSIX message queues and shared memory.</summary>
    public bool OwnIpc { get; init; } = true;

    /// <summary>The container whose processes it sees, in place of its own; null for none.</summary>
    public string? PidOf { get; init; }

    /// <summary>The container whose queues and shared memory it shares; null for none.</summary>
    public string? IpcOf { get; init; }

    /// <summary>Others may share its queues and shared memory.</summary>
    public bool IpcShareable { get; init; }

    /// <summary>Nothing is mounted on /dev/shm: with an IPC namespace of its own, and alone in it.</summary>
    public bool NoSharedMemory { get; init; }

    /// <summary>Its own host name.</summary>
    public bool OwnUts { get; init; } = true;

    /// <summary>Its own view of the cgroups.</summary>
    public bool OwnCgroup { get; init; } = true;

    /// <summary>Its own users: root inside is nobody in particular outside.</summary>
    public bool OwnUser { get; init; }

    /// <summary>
    /// The tour's half-made containers: only these namespaces are made, and the root is the host's own; empty for no container at
    /// all, null for a whole one.
    /// </summary>
    public ImmutableArray<string>? Only { get; init; }
}
