using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Containerception.Networks;

namespace Containerception.Engine;

/// <summary>The names of protocols that have ports.</summary>
internal static class PortProtocols
{
    /// <summary><c>tcp</c>, as in /etc/protocols.</summary>
    public static string Name(this PortProtocol protocol) => protocol.ToString().ToLowerInvariant();

    public static bool TryParse(string name, out PortProtocol protocol)
        => Enum.TryParse(name, ignoreCase: true, out protocol) && Enum.IsDefined(protocol) && char.IsAsciiLetter(name[0]);
}

/// <summary>One <c>--publish</c>: a port of the host, or one of several, that leads to a port of the container.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="HostAddress">Of the host; null for all of them.</param>
/// <param name="HostPort">0 for any free one of <see cref="HostPortLast"/>'s range, or of the kernel's.</param>
/// <param name="ContainerPort">Of the container.</param>
public sealed record PortRequest(PortProtocol Protocol, IPAddress? HostAddress, ushort HostPort, ushort ContainerPort)
{
    /// <summary>With a range for one port of the container: the last of those of which a free one is taken; else <see cref="HostPort"/>.</summary>
    public ushort HostPortLast { get; init; } = HostPort;

    /// <summary>Ports that one container can publish: each is an open file of its supervisor.</summary>
    public const int CountMax = 4096;

    /// <summary>Reads <c>[[ADDRESS:]HOSTPORT[-LAST]:]PORT[-LAST][/PROTOCOL]</c>, docker's form.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static ImmutableArray<PortRequest> Parse(string text)
    {
        (string rest, PortProtocol protocol) = SplitProtocol(text);
        (IPAddress? address, string host, string container) = SplitAddress(text, rest);
        (ushort first, ushort last) = Range(text, container, "container port");
        if (last - first >= CountMax)
        {
            throw Wrong(text, $"a range has {CountMax} ports at most");
        }

        if (host.Length == 0)
        {
            return [.. Enumerable.Range(first, last - first + 1).Select(port => new PortRequest(protocol, address, 0, (ushort)port))];
        }

        (ushort hostFirst, ushort hostLast) = Range(text, host, "host port");
        if (hostLast - hostFirst != last - first)
        {
            return first == last
                ? [new PortRequest(protocol, address, hostFirst, first) { HostPortLast = hostLast }]
                : throw Wrong(text, "the ranges of the host and of the container must be of one length");
        }

        return [.. Enumerable.Range(0, last - first + 1).Select(i => new PortRequest(protocol, address, (ushort)(hostFirst + i), (ushort)(first + i)))];
    }

    /// <summary>Reads <c>PORT[-LAST][/PROTOCOL]</c>, as images and <c>--expose</c> have it.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static ImmutableArray<PortRequest> ParseExposed(string text)
    {
        (string rest, PortProtocol protocol) = SplitProtocol(text);
        (ushort first, ushort last) = Range(text, rest, "port");
        return last - first < CountMax
            ? [.. Enumerable.Range(first, last - first + 1).Select(port => new PortRequest(protocol, null, 0, (ushort)port))]
            : throw Wrong(text, $"a range has {CountMax} ports at most");
    }

    /// <summary><c>80/tcp</c>, docker's name of the container's port.</summary>
    public string ContainerName => string.Create(CultureInfo.InvariantCulture, $"{ContainerPort}/{Protocol.Name()}");

    private static (string Body, PortProtocol Protocol) SplitProtocol(string text)
    {
        string[] parts = text.Split('/');
        return parts switch
        {
            [string rest] => (rest, PortProtocol.Tcp),
            [string rest, string name] when PortProtocols.TryParse(name, out PortProtocol protocol) => (rest, protocol),
            _ => throw Wrong(text, "the protocols are tcp, udp and sctp"),
        };
    }

    // An IPv6 address stands in brackets, since it has colons itself.
    private static (IPAddress? Address, string Host, string Container) SplitAddress(string text, string rest)
    {
        string? address = null;
        if (rest.StartsWith('[') && rest.IndexOf("]:", StringComparison.Ordinal) is > 0 and int end)
        {
            (address, rest) = (rest[1..end], rest[(end + 2)..]);
        }

        string[] parts = rest.Split(':');
        (address, string host, string container) = (address, parts) switch
        {
            (null, [string port]) => (null, "", port),
            (not null, [string port]) => (address, "", port),
            (_, [string outside, string inside]) => (address, outside, inside),
            (null, [string where, string outside, string inside]) => (where.Length > 0 ? where : null, outside, inside),
            _ => throw Wrong(text, "use [[ADDRESS:]HOSTPORT:]PORT[/PROTOCOL]"),
        };
        if (address is null)
        {
            return (null, host, container);
        }

        return AddressText.TryParse(address, out IPAddress? parsed)
            ? (parsed, host, container)
            : throw Wrong(text, $"invalid IP address: {address}");
    }

    private static (ushort First, ushort Last) Range(string text, string range, string what)
    {
        string[] ends = range.Split('-');
        return ends.Length <= 2 && Number(ends[0], out ushort first) && Number(ends[^1], out ushort last) && first <= last
            ? (first, last)
            : throw Wrong(text, $"invalid {what}: {range}");
    }

    private static bool Number(string text, out ushort port)
        => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;

    private static EngineException Wrong(string text, string why)
        => EngineException.Invalid($"invalid port \"{text}\": {why}", "for instance 8080:80, 127.0.0.1:8080:80/tcp, 5000-5010:5000-5010/udp");
}
