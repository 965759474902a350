using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>A network in docker's words: a row of <c>network ls</c>, a document of <c>network inspect</c>, and a container's place in it.</summary>
internal static class NetworkDocument
{
    public const string Table = "{{.ID}}\\t{{.Name}}\\t{{.Driver}}\\t{{.Scope}}";

    private const int ShortIdLength = 12;

    public static IReadOnlyDictionary<string, string> Headings { get; } = new Dictionary<string, string>
    {
        ["CreatedAt"] = "CREATED AT",
        ["Driver"] = "DRIVER",
        ["ID"] = "NETWORK ID",
        ["IPv4"] = "IPV4",
        ["IPv6"] = "IPV6",
        ["Internal"] = "INTERNAL",
        ["Labels"] = "LABELS",
        ["Name"] = "NAME",
        ["Scope"] = "SCOPE",
    };

    public static Row Row(NetworkInfo network, bool isWhole) => Cdock.Row.Of(
        new JsonObject
        {
            ["CreatedAt"] = Words.Time(network.Created),
            ["Driver"] = network.Driver,
            ["ID"] = isWhole ? network.Id : network.Id[..ShortIdLength],
            ["IPv4"] = Truth(true),
            ["IPv6"] = Truth(network.HasIPv6),
            ["Internal"] = Truth(network.IsInternal),
            ["Labels"] = string.Join(',', network.Labels.Select(label => $"{label.Key}={label.Value}")),
            ["Name"] = network.Name,
            ["Scope"] = "local",
        },
        network.Labels);

    public static JsonObject Of(NetworkInfo network, ContainerEngine engine)
    {
        Dictionary<string, string> running = engine.List(all: false).ToDictionary(container => container.Id, container => container.Name);
        return new JsonObject
        {
            ["Name"] = network.Name,
            ["Id"] = network.Id,
            ["Created"] = Words.Stamp(network.Created),
            ["Scope"] = "local",
            ["Driver"] = network.Driver,
            ["EnableIPv4"] = true,
            ["EnableIPv6"] = network.HasIPv6,
            ["IPAM"] = new JsonObject { ["Driver"] = "default", ["Options"] = null, ["Config"] = Pools(network) },
            ["Internal"] = network.IsInternal,
            ["Attachable"] = network.IsAttachable,
            ["Ingress"] = false,
            ["ConfigFrom"] = new JsonObject { ["Network"] = "" },
            ["ConfigOnly"] = false,
            ["Containers"] = new JsonObject(network.Endpoints.Where(endpoint => running.ContainsKey(endpoint.ContainerId))
                .Select(endpoint => KeyValuePair.Create(endpoint.ContainerId, (JsonNode?)Member(endpoint, running[endpoint.ContainerId])))),
            ["Options"] = VolumeDocument.Map(network.Options),
            ["Labels"] = VolumeDocument.Map(network.Labels),
        };
    }

    /// <summary>A container's place, as its own <c>inspect</c> tells it.</summary>
    /// <param name="endpoint">The place.</param>
    /// <param name="name">The container's name.</param>
    /// <param name="runs">It has its addresses now.</param>
    public static JsonObject Place(EndpointInfo endpoint, string name, bool runs) => new()
    {
        ["IPAMConfig"] = null,
        ["Links"] = null,
        ["Aliases"] = endpoint.Aliases.IsEmpty ? null : ContainerDocument.Texts(endpoint.Aliases),
        ["MacAddress"] = runs ? endpoint.HardwareAddress : "",
        ["DriverOpts"] = null,
        ["GwPriority"] = 0,
        ["NetworkID"] = endpoint.NetworkId,
        ["EndpointID"] = "",
        ["Gateway"] = runs ? endpoint.Gateway4?.ToString() ?? "" : "",
        ["IPAddress"] = runs ? endpoint.Address4?.ToString() ?? "" : "",
        ["IPPrefixLen"] = runs && endpoint.Address4 is not null ? endpoint.PrefixLength4 : 0,
        ["IPv6Gateway"] = runs ? endpoint.Gateway6?.ToString() ?? "" : "",
        ["GlobalIPv6Address"] = runs ? endpoint.Address6?.ToString() ?? "" : "",
        ["GlobalIPv6PrefixLen"] = runs && endpoint.Address6 is not null ? endpoint.PrefixLength6 : 0,
        ["DNSNames"] = endpoint.NetworkName == NetworkingRequest.DefaultNetwork ? null
            : ContainerDocument.Texts([name, .. endpoint.Aliases, endpoint.ContainerId[..ShortIdLength]]),
    };

    private static JsonArray Pools(NetworkInfo network)
    {
        JsonNode?[] pools = [.. network.Pools.Select(Pool)];
        return new JsonArray(pools);
    }

    private static JsonObject Pool(NetworkPool pool)
    {
        JsonObject document = new() { ["Subnet"] = pool.Subnet.ToString() };
        if (pool.Range is { } range)
        {
            document["IPRange"] = range.ToString();
        }

        document["Gateway"] = pool.Gateway?.ToString();
        if (!pool.Auxiliary.IsEmpty)
        {
            document["AuxiliaryAddresses"] = VolumeDocument.Map(pool.Auxiliary);
        }

        return document;
    }

    private static JsonObject Member(EndpointInfo endpoint, string name) => new()
    {
        ["Name"] = name,
        ["EndpointID"] = "",
        ["MacAddress"] = endpoint.HardwareAddress,
        ["IPv4Address"] = endpoint.Address4 is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address4}/{endpoint.PrefixLength4}"),
        ["IPv6Address"] = endpoint.Address6 is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address6}/{endpoint.PrefixLength6}"),
    };

    private static string Truth(bool value) => value ? "true" : "false";
}
