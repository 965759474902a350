using System.Collections.Immutable;
using System.Net;

namespace Containerception.Engine;

/// <summary>All networks at one moment, for whom tells of many containers: each table is read once, and only if somebody asks.</summary>
internal sealed class NetworkView(NetworkStore store)
{
    private readonly Lazy<ILookup<string, EndpointInfo>> _endpoints = new(() => store.Table.All()
        .SelectMany(network => store.Table.In(network.Id).Select(endpoint => Describe(network, endpoint))).ToLookup(endpoint => endpoint.ContainerId));

    private readonly Lazy<ILookup<string, PortInfo>> _ports = new(() => store.Ports.ByContainer()
        .SelectMany(group => group.Select(port => (group.Key, Port: new PortInfo(port.ContainerPort, port.Protocol.Name(), port.HostAddress, port.HostPort))))
        .ToLookup(one => one.Key, one => one.Port));

    public ImmutableArray<EndpointInfo> Of(string container) => [.. _endpoints.Value[container].OrderBy(endpoint => endpoint.NetworkName, StringComparer.Ordinal)];

    public ImmutableArray<PortInfo> PortsOf(string container)
        => [.. _ports.Value[container].OrderBy(port => port.ContainerPort).ThenBy(port => port.Protocol, StringComparer.Ordinal).ThenBy(port => port.HostPort)];

    public static EndpointInfo Describe(NetworkDefinition network, EndpointDefinition endpoint) => new()
    {
        NetworkId = network.Id,
        NetworkName = network.Name,
        ContainerId = endpoint.Container,
        Address4 = endpoint.Address4 is string four ? IPAddress.Parse(four) : null,
        PrefixLength4 = network.Pool4?.Network.PrefixLength ?? 0,
        Address6 = endpoint.Address6 is string six ? IPAddress.Parse(six) : null,
        PrefixLength6 = network.Pool6?.Network.PrefixLength ?? 0,
        Gateway4 = network.IsInternal ? null : network.Pool4?.GatewayAddress,
        Gateway6 = network.IsInternal ? null : network.Pool6?.GatewayAddress,
        HardwareAddress = endpoint.HardwareAddress,
        Aliases = endpoint.Aliases,
    };
}
