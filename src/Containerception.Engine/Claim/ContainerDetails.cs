using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>A container with its configuration: what <c>inspect</c> tells.</summary>
public sealed record ContainerDetails
{
    /// <summary>What <c>ps</c> tells.</summary>
    public required ContainerInfo Info { get; init; }

    /// <summary>Its config.json: what the runtime was, or will be, told.</summary>
    public required RuntimeConfig Config { get; init; }

    /// <summary>What is mounted because somebody asked for it.</summary>
    public required ImmutableArray<ContainerMount> Mounts { get; init; }

    /// <summary>How it was asked to be connected.</summary>
    public NetworkingRequest Networking { get; init; } = new();

    /// <summary>Capabilities beside docker's fourteen.</summary>
    public required ImmutableArray<string> CapabilitiesAdded { get; init; }

    /// <summary>Those of docker's fourteen that it has not.</summary>
    public required ImmutableArray<string> CapabilitiesDropped { get; init; }
}

/// <summary>What a container uses at one moment, in docker's sense.</summary>
public sealed record ContainerUse
{
    /// <summary>When it was measured: a time stamp of the engine's clock.</summary>
    public required long At { get; init; }

    /// <summary>Time of processors, all together.</summary>
    public TimeSpan Processor { get; init; }

    /// <summary>Bytes, without what the kernel keeps of files that nobody used lately.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Its limit, or the machine's memory.</summary>
    public long MemoryBytesMax { get; init; }

    /// <summary>Processes and threads.</summary>
    public long Tasks { get; init; }

    /// <summary>Bytes read from disks.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes written to disks.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes received by its network devices, lo left out.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Bytes sent by them.</summary>
    public long BytesSent { get; init; }
}
