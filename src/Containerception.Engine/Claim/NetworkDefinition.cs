using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What a network is, from its making to its removal: a row of the database, most of it as JSON.</summary>
internal sealed record NetworkDefinition
{
    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

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
    public bool HasNames => Name != NetworkingRequest.DefaultNetwork;

    public bool IsBridge => Driver == "bridge";

    public PoolDefinition? Pool4 => Pools.FirstOrDefault(pool => !pool.IsIPv6);

    public PoolDefinition? Pool6 => Pools.FirstOrDefault(pool => pool.IsIPv6);

    public string ToJson() => DefinitionJson.Write(json =>
    {
        json.WriteString("driver", Driver);
        json.WriteString("device", Device);
        json.WriteBoolean("isInternal", IsInternal);
        json.WriteBoolean("isAttachable", IsAttachable);
        json.WriteList("pools", Pools, static (json, pool) => pool.Write(json));
        json.WriteNumber("mtu", Mtu);
        json.WriteBoolean("masquerades", Masquerades);
        json.WriteBoolean("talks", Talks);
        json.WriteMap("options", Options);
        json.WriteMap("labels", Labels);
    });

    public static NetworkDefinition FromJson(string json) => DefinitionJson.Read(json, static root => new NetworkDefinition
    {
        Driver = root.Text("driver"),
        Device = root.Text("device"),
        IsInternal = root.FlagOr("isInternal"),
        IsAttachable = root.FlagOr("isAttachable"),
        Pools = root.ListOrNone("pools", PoolDefinition.Read),
        Mtu = root.NumberOr("mtu"),
        Masquerades = root.FlagOr("masquerades", otherwise: true),
        Talks = root.FlagOr("talks", otherwise: true),
        Options = root.MapOrNone("options"),
        Labels = root.MapOrNone("labels"),
    });
}

/// <summary>The addresses of a network, of one family, as texts.</summary>
internal sealed record PoolDefinition(string Subnet, string? Range, string Gateway)
{
    public ImmutableSortedDictionary<string, string> Auxiliary { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public IPNetwork Network => IPNetwork.Parse(Subnet);

    public IPNetwork? Chosen => Range is null ? null : IPNetwork.Parse(Range);

    public IPAddress GatewayAddress => IPAddress.Parse(Gateway);

    public bool IsIPv6 => Subnet.Contains(':', StringComparison.Ordinal);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("subnet", Subnet);
        json.WriteOptional("range", Range);
        json.WriteString("gateway", Gateway);
        json.WriteMap("auxiliary", Auxiliary);
        json.WriteEndObject();
    }

    public static PoolDefinition Read(JsonElement pool) => new(pool.Text("subnet"), pool.TextOrNull("range"), pool.Text("gateway"))
    {
        Auxiliary = pool.MapOrNone("auxiliary"),
    };

    public NetworkPool ToPool() => new(Network, Chosen, GatewayAddress) { Auxiliary = Auxiliary };
}

/// <summary>A container's place in a network, as a row of the database has it.</summary>
internal sealed record EndpointDefinition
{
    public string Network { get; init; } = "";

    public string Container { get; init; } = "";

    public string? Address4 { get; init; }

    public string? Address6 { get; init; }

    /// <summary>The container runs: it is found by its names.</summary>
    public bool IsActive { get; init; }

    /// <summary>Somebody asked for just this address: it is nobody else's, even while the container does not run.</summary>
    public bool IsStatic { get; init; }

    public required string HardwareAddress { get; init; }

    public ImmutableArray<string> Aliases { get; init; } = [];

    public int GatewayPriority { get; init; }

    /// <summary>In the order in which they were asked for: eth0, eth1, ….</summary>
    public int Order { get; init; }

    /// <summary>The interface in the container.</summary>
    public string Interface => "eth" + Order.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public string ToJson() => DefinitionJson.Write(json =>
    {
        json.WriteBoolean("isStatic", IsStatic);
        json.WriteString("hardwareAddress", HardwareAddress);
        json.WriteTexts("aliases", Aliases);
        json.WriteNumber("gatewayPriority", GatewayPriority);
        json.WriteNumber("order", Order);
    });

    public static EndpointDefinition FromJson(string json) => DefinitionJson.Read(json, static root => new EndpointDefinition
    {
        IsStatic = root.FlagOr("isStatic"),
        HardwareAddress = root.Text("hardwareAddress"),
        Aliases = root.TextsOrNone("aliases"),
        GatewayPriority = root.NumberOr("gatewayPriority"),
        Order = root.NumberOr("order"),
    });
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

    public void Write(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        json.WriteString("mode", Mode);
        json.WriteList("ports", Ports, static (json, port) => port.Write(json));
        json.WriteTexts("exposed", Exposed);
        json.WriteBoolean("publishAll", PublishAll);
        json.WriteTexts("dns", Dns);
        json.WriteTexts("dnsSearch", DnsSearch);
        json.WriteTexts("dnsOptions", DnsOptions);
        json.WriteTexts("addHosts", AddHosts);
        json.WriteString("hostname", Hostname);
        json.WriteEndObject();
    }

    public static NetworkingDefinition Read(JsonElement networking) => new()
    {
        Mode = networking.Text("mode"),
        Ports = networking.ListOrNone("ports", PublishDefinition.Read),
        Exposed = networking.TextsOrNone("exposed"),
        PublishAll = networking.FlagOr("publishAll"),
        Dns = networking.TextsOrNone("dns"),
        DnsSearch = networking.TextsOrNone("dnsSearch"),
        DnsOptions = networking.TextsOrNone("dnsOptions"),
        AddHosts = networking.TextsOrNone("addHosts"),
        Hostname = networking.TextOrNull("hostname") ?? "",
    };

    /// <summary>It has a namespace of its own that cdock connects.</summary>
    public bool IsConnected => Mode is not ("none" or "host") && SharedWith is null;

    /// <summary>The id of the container whose namespace it shares.</summary>
    public string? SharedWith => Mode.StartsWith(NetworkingRequest.ContainerPrefix, StringComparison.Ordinal) ? Mode[NetworkingRequest.ContainerPrefix.Length..] : null;
}

/// <summary>A <see cref="PortRequest"/> as JSON.</summary>
internal sealed record PublishDefinition(string Protocol, string? HostAddress, ushort HostPort, ushort HostPortLast, ushort ContainerPort)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("protocol", Protocol);
        json.WriteOptional("hostAddress", HostAddress);
        json.WriteNumber("hostPort", HostPort);
        json.WriteNumber("hostPortLast", HostPortLast);
        json.WriteNumber("containerPort", ContainerPort);
        json.WriteEndObject();
    }

    public static PublishDefinition Read(JsonElement port) => new(
        port.Text("protocol"), port.TextOrNull("hostAddress"), Port(port, "hostPort"), Port(port, "hostPortLast"), Port(port, "containerPort"));

    private static ushort Port(JsonElement port, string name) => port.GetProperty(name).GetUInt16();
}
