using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>Turns the flags of <c>cdock run</c> that connect a container into a request.</summary>
internal sealed class NetworkingReader(RunOptions options, ParseResult parsed)
{
    /// <exception cref="UsageException">Flags that make no sense.</exception>
    /// <exception cref="EngineException">Values that make no sense.</exception>
    public NetworkingRequest Read()
    {
        EndpointRequest[] endpoints = [.. List(options.Network).Select(ReadEndpoint)];
        string? mode = endpoints.FirstOrDefault()?.Network;
        if (endpoints.Length > 1 && endpoints.FirstOrDefault(one => IsMode(one.Network)) is { } alone)
        {
            throw new UsageException($"conflicting options: cannot attach both user-defined and non-user-defined network-modes: {alone.Network}");
        }

        if (mode is not null && IsMode(mode))
        {
            RefuseEndpointFlags(mode);
            endpoints = [];
        }
        else
        {
            endpoints = WithFlags(endpoints);
        }

        return new NetworkingRequest
        {
            Mode = mode,
            Networks = [.. endpoints],
            Ports = [.. List(options.Publish).SelectMany(text => PortRequest.Parse(text))],
            PublishAll = parsed.GetValue(options.PublishAll),
            Exposed = [.. List(options.Expose)],
            Dns = [.. List(options.Dns).Select(ReadServer)],
            DnsSearch = [.. List(options.DnsSearch)],
            DnsOptions = [.. List(options.DnsOption)],
            AddHosts = [.. List(options.AddHost)],
        };
    }

    /// <summary>An address of one family.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static IPAddress ReadAddress(string text, AddressFamily family, string flag)
        => AddressText.TryParse(text, out IPAddress? address) && address.AddressFamily == family ? address
            : throw new UsageException($"invalid value \"{text}\" for {flag}: no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address");

    /// <summary>A hardware address.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static PhysicalAddress ReadHardwareAddress(string text, string flag)
        => PhysicalAddress.TryParse(text.Replace(':', '-').ToUpperInvariant(), out PhysicalAddress? address) && address.GetAddressBytes() is { Length: 6 } bytes && (bytes[0] & 1) == 0
            ? address
            : throw new UsageException($"invalid value \"{text}\" for {flag}", "for instance 02:42:ac:11:00:02, which is no group's");

    private static bool IsMode(string name) => name is "none" or "host" || name.StartsWith("container:", StringComparison.Ordinal);

    private void RefuseEndpointFlags(string mode)
    {
        Option[] flags = [options.NetworkAlias, options.Ip, options.Ip6, options.MacAddress];
        if (flags.FirstOrDefault(flag => parsed.GetResult(flag) is { Implicit: false }) is { } given)
        {
            throw new UsageException($"conflicting options: {given.Name} and the network mode {mode}");
        }
    }

    // docker's: the flags are those of the first network.
    private EndpointRequest[] WithFlags(EndpointRequest[] endpoints)
    {
        EndpointRequest first = endpoints.FirstOrDefault() ?? new EndpointRequest(NetworkingRequest.DefaultNetwork);
        EndpointRequest changed = first with
        {
            Aliases = [.. first.Aliases, .. List(options.NetworkAlias)],
            Address4 = Text(options.Ip) is string ip ? ReadAddress(ip, AddressFamily.InterNetwork, "--ip") : first.Address4,
            Address6 = Text(options.Ip6) is string ip6 ? ReadAddress(ip6, AddressFamily.InterNetworkV6, "--ip6") : first.Address6,
            HardwareAddress = Text(options.MacAddress) is string mac ? ReadHardwareAddress(mac, "--mac-address") : first.HardwareAddress,
        };
        bool isAsked = endpoints.Length > 0 || changed.Address4 is not null || changed.Address6 is not null || changed.HardwareAddress is not null || !changed.Aliases.IsEmpty;
        return isAsked ? [changed, .. endpoints.Skip(1)] : [];
    }

    private static EndpointRequest ReadEndpoint(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return new EndpointRequest(text.Length > 0 ? text : throw new UsageException("invalid value \"\" for --network"));
        }

        EndpointRequest endpoint = new("");
        foreach (string part in text.Split(','))
        {
            string[] pair = part.Split('=', 2);
            string value = pair.Length == 2 ? pair[1] : throw new UsageException($"invalid value \"{text}\" for --network: invalid field {part}");
            endpoint = pair[0].Trim().ToLowerInvariant() switch
            {
                "name" => endpoint with { Network = value },
                "alias" => endpoint with { Aliases = [.. endpoint.Aliases, value] },
                "ip" => endpoint with { Address4 = ReadAddress(value, AddressFamily.InterNetwork, "--network ip=") },
                "ip6" => endpoint with { Address6 = ReadAddress(value, AddressFamily.InterNetworkV6, "--network ip6=") },
                "mac-address" => endpoint with { HardwareAddress = ReadHardwareAddress(value, "--network mac-address=") },
                "gw-priority" => endpoint with
                {
                    GatewayPriority = int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int priority) ? priority
                        : throw new UsageException($"invalid value \"{text}\" for --network: gw-priority is a number"),
                },
                string other => throw new UsageException(
                    $"invalid value \"{text}\" for --network: invalid field key {other}", "there are name, alias, ip, ip6, mac-address, gw-priority"),
            };
        }

        return endpoint.Network.Length > 0 ? endpoint : throw new UsageException($"invalid value \"{text}\" for --network: network name required");
    }

    private static string ReadServer(string text)
        => AddressText.TryParse(text, out _) ? text : throw new UsageException($"invalid value \"{text}\" for --dns: {text} is not an ip address");

    private string? Text(Option<string> option) => parsed.GetValue(option);

    private string[] List(Option<string[]> option) => parsed.GetValue(option) ?? [];
}
