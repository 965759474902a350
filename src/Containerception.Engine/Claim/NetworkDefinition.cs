using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Containerception.Engine;

/// <summary>What a network is, from its making to its removal: a row of the database, most of it as JSON.</summary>
internal sealed record NetworkDefinition
{
    [JsonIgnore]
    public string Id { get; init; } = "";

    [JsonIgnore]
    public string Name { get; init; } = "";

    [JsonIgnore]
    public DateTimeOffset Created { get; init; }

    public required string Driver { get; init; }

    /// <summary>The bridge, or for a macvlan the device below it.</summary>
    public required string Device { get; init; }

    public bool IsInternal { get; init; }

    public bool IsAttachable { get; init; }

    public ImmutableArray<PoolDefinition> Pools { get; init; } = [];

    /// <summary>0 for the kernel's own.</summary>
    public int Mtu { get; init; }

    /// <summary>Who leaves it has the host's address.</summary>
    public bool Masquerades { get; init; } = true;

    /// <summary>Its containers may speak to each other.</summary>
    public bool Talks { get; init; } = true;

    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Only on networks that somebody made containers are found by name: docker's rule.</summary>
    [JsonIgnore]
    public bool HasNames => Name != NetworkingRequest.DefaultNetwork;

    [JsonIgnore]
    public bool IsBridge => Driver == "bridge";

    [JsonIgnore]
    public PoolDefinition? Pool4 => Pools.FirstOrDefault(pool => !pool.IsIPv6);

    [JsonIgnore]
    public PoolDefinition? Pool6 => Pools.FirstOrDefault(pool => pool.IsIPv6);

    public string ToJson() => JsonSerializer.Serialize(this, EngineJson.Default.NetworkDefinition);

    public static NetworkDefinition FromJson(string json) => JsonSerializer.Deserialize(json, EngineJson.Default.NetworkDefinition)!;
}

/// <summary>The addresses of a network, of one family, as texts.</summary>
internal sealed record PoolDefinition(string Subnet, string? Range, string Gateway)
{
    public ImmutableSortedDictionary<string, string> Auxiliary { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [JsonIgnore]
    public IPNetwork Network => IPNetwork.Parse(Subnet);

    [JsonIgnore]
    public IPNetwork? Chosen => Range is null ? null : IPNetwork.Parse(Range);

    [JsonIgnore]
    public IPAddress GatewayAddress => IPAddress.Parse(Gateway);

    [JsonIgnore]
    public bool IsIPv6 => Subnet.Contains(':', StringComparison.Ordinal);

    public NetworkPool ToPool() => new(Network, Chosen, GatewayAddress) { Auxiliary = Auxiliary };
}

/// <summary>A container's place in a network, as a row of the database has it.</summary>
internal sealed record EndpointDefinition
{
    [JsonIgnore]
    public string Network { get; init; } = "";

    [JsonIgnore]
    public string Container { get; init; } = "";

    [JsonIgnore]
    public string? Address4 { get; init; }

    [JsonIgnore]
    public string? Address6 { get; init; }

    /// <summary>The container runs: it is found by its names.</summary>
    [JsonIgnore]
    public bool IsActive { get; init; }

    /// <summary>Somebody asked for just this address: it is nobody else's, even while the container does not run.</summary>
    public bool IsStatic { get; init; }

    public required string HardwareAddress { get; init; }

    public ImmutableArray<string> Aliases { get; init; } = [];

    public int GatewayPriority { get; init; }

    /// <summary>In the order in which they were asked for: eth0, eth1, ….</summary>
    public int Order { get; init; }

    /// <summary>The interface in the container.</summary>
    [JsonIgnore]
    public string Interface => "eth" + Order.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public string ToJson() => JsonSerializer.Serialize(this, EngineJson.Default.EndpointDefinition);

    public static EndpointDefinition FromJson(string json) => JsonSerializer.Deserialize(json, EngineJson.Default.EndpointDefinition)!;
}

/// <summary>How a container is connected, as it was asked for: a part of its definition.</summary>
internal sealed record NetworkingDefinition
{
    /// <summary>As <see cref="NetworkingRequest.Mode"/>, never null.</summary>
    public required string Mode { get; init; }

    public ImmutableArray<PublishDefinition> Ports { get; init; } = [];

    /// <summary>Those that only get a port of the host with <see cref="PublishAll"/>: <c>80/tcp</c>.</summary>
    public ImmutableArray<string> Exposed { get; init; } = [];

    public bool PublishAll { get; init; }

    public ImmutableArray<string> Dns { get; init; } = [];

    public ImmutableArray<string> DnsSearch { get; init; } = [];

    public ImmutableArray<string> DnsOptions { get; init; } = [];

    public ImmutableArray<string> AddHosts { get; init; } = [];

    public string Hostname { get; init; } = "";

    /// <summary>It has a namespace of its own that cdock connects.</summary>
    [JsonIgnore]
    public bool IsConnected => Mode is not ("none" or "host") && SharedWith is null;

    /// <summary>The id of the container whose namespace it shares.</summary>
    [JsonIgnore]
    public string? SharedWith => Mode.StartsWith(NetworkingRequest.ContainerPrefix, StringComparison.Ordinal) ? Mode[NetworkingRequest.ContainerPrefix.Length..] : null;
}

/// <summary>A <see cref="PortRequest"/> as JSON.</summary>
internal sealed record PublishDefinition(string Protocol, string? HostAddress, ushort HostPort, ushort HostPortLast, ushort ContainerPort);
