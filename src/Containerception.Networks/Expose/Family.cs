using System.Net;
using System.Net.Sockets;
using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>How the rules for IPv4 and those for IPv6 differ.</summary>
/// <param name="Suffix">What the names of their sets end with.</param>
/// <param name="Protocol">The kernel's number.</param>
/// <param name="Address">An address in a set.</param>
/// <param name="SourceOffset">Where the source stands in a packet's header.</param>
/// <param name="DestinationOffset">Where the destination does.</param>
internal sealed record Family(string Suffix, NetfilterFamily Protocol, NftablesType Address, int SourceOffset, int DestinationOffset)
{
    public static Family Four { get; } = new("4", NetfilterFamily.NFPROTO_IPV4, NftablesType.Ipv4Address, 12, 16);

    public static Family Six { get; } = new("6", NetfilterFamily.NFPROTO_IPV6, NftablesType.Ipv6Address, 8, 24);

    public static IReadOnlyList<Family> Both { get; } = [Four, Six];

    /// <summary>How many registers an address takes.</summary>
    public int Words => Address.Bytes / sizeof(uint);

    public static Family Of(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? Four : Six;
}
