using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Messages of connection tracking, spelled as in linux/netfilter/nfnetlink_conntrack.h.</summary>
internal enum ConntrackMessage : byte
{
    IPCTNL_MSG_CT_GET = 1,
    IPCTNL_MSG_CT_DELETE = 2,
}

/// <summary>What has become of a connection's addresses, spelled as in linux/netfilter/nf_conntrack_common.h.</summary>
[Flags]
public enum ConntrackStatus : uint
{
    None = 0,
    IPS_SRC_NAT = 0x10,
    IPS_DST_NAT = 0x20,
}

/// <summary>A connection that is tracked: where its first packet was sent to.</summary>
/// <param name="Destination">The address.</param>
/// <param name="Port">The port.</param>
/// <param name="Status">Whether its addresses are changed.</param>
public sealed record ConntrackFlow(IPAddress Destination, ushort Port, ConntrackStatus Status);

/// <summary>Connection tracking, in the calling thread's network namespace.</summary>
public static class Conntrack
{
    private const int RequestBytes = 64 * 1024;
    private const ushort NLA_F_NESTED = 0x8000;
    private const ushort CTA_TUPLE_ORIG = 1;
    private const ushort CTA_STATUS = 3;
    private const ushort CTA_ID = 12;
    private const ushort CTA_FILTER = 25;
    private const ushort CTA_TUPLE_IP = 1;
    private const ushort CTA_TUPLE_PROTO = 2;
    private const ushort CTA_IP_V4_DST = 2;
    private const ushort CTA_IP_V6_DST = 4;
    private const ushort CTA_PROTO_NUM = 1;
    private const ushort CTA_PROTO_DST_PORT = 3;
    private const ushort CTA_FILTER_ORIG_FLAGS = 1;

    private const ConntrackStatus AddressesChanged = ConntrackStatus.IPS_SRC_NAT | ConntrackStatus.IPS_DST_NAT;

    // Fields of a tuple that a filter compares; the numbers stand in no header, and in libnetfilter_conntrack.
    private const uint FilterProtocol = 1 << 3;
    private const uint FilterDestinationPort = 1 << 5;

    /// <summary>
    /// Forgets the connections of a protocol that the caller chooses, and tells how many. The kernel looks through its whole table for them, which takes milliseconds: one call
    /// for several ports is better than several.
    /// </summary>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="protocol">IPPROTO_UDP and its like.</param>
    /// <param name="port">The first destination's, where there is only one of interest: the others are not told at all.</param>
    /// <param name="chosen">Whether a connection is to be forgotten.</param>
    public static int Forget(AddressFamily family, byte protocol, ushort? port, Predicate<ConntrackFlow> chosen)
    {
        using SafeFileHandle netlink = Netfilter.Open(RequestBytes);
        List<(byte[] Tuple, byte[] Id)> found = [];
        Netlink.Ask(netlink, All(family, protocol, port), (_, payload) =>
        {
            ReadOnlySpan<byte> attributes = payload[Unsafe.SizeOf<NetfilterHeader>()..];
            if (Netlink.TryFind(attributes, CTA_ID, out ReadOnlySpan<byte> id) && TryFindNested(attributes, CTA_TUPLE_ORIG, out ReadOnlySpan<byte> tuple)
                && Read(attributes, tuple, protocol) is { } flow && chosen(flow))
            {
                found.Add((tuple.ToArray(), id.ToArray()));
            }
        });

        foreach ((byte[] tuple, byte[] id) in found)
        {
            Delete(netlink, family, tuple, id);
        }

        return found.Count;
    }

    /// <summary>The kernel looks through all there are, and since Linux 5.8 tells only those that the filter lets through; before, all.</summary>
    private static NetlinkRequest All(AddressFamily family, byte protocol, ushort? port)
    {
        NetlinkRequest request = new();
        Start(request, ConntrackMessage.IPCTNL_MSG_CT_GET, NetlinkFlags.NLM_F_DUMP, family, "connections");
        int tuple = request.BeginNest(CTA_TUPLE_ORIG);
        int proto = request.BeginNest(CTA_TUPLE_PROTO);
        request.Attribute(CTA_PROTO_NUM, [protocol]);
        if (port is { } number)
        {
            request.AttributeBigEndian(CTA_PROTO_DST_PORT, number);
        }

        request.EndNest(proto);
        request.EndNest(tuple);
        int filter = request.BeginNest(CTA_FILTER);
        request.Attribute(CTA_FILTER_ORIG_FLAGS, FilterProtocol | (port is null ? 0 : FilterDestinationPort));
        request.EndNest(filter);
        return request;
    }

    private static ConntrackFlow? Read(ReadOnlySpan<byte> attributes, ReadOnlySpan<byte> tuple, byte protocol)
    {
        if (!TryFindNested(tuple, CTA_TUPLE_IP, out ReadOnlySpan<byte> addresses) || !TryFindNested(tuple, CTA_TUPLE_PROTO, out ReadOnlySpan<byte> proto)
            || !Netlink.TryFind(attributes, CTA_STATUS, out ReadOnlySpan<byte> status)
            || !Netlink.TryFind(proto, CTA_PROTO_NUM, out ReadOnlySpan<byte> number) || number[0] != protocol
            || !Netlink.TryFind(proto, CTA_PROTO_DST_PORT, out ReadOnlySpan<byte> port)
            || !(Netlink.TryFind(addresses, CTA_IP_V4_DST, out ReadOnlySpan<byte> address) || Netlink.TryFind(addresses, CTA_IP_V6_DST, out address)))
        {
            return null;
        }

        return new ConntrackFlow(new IPAddress(address), BinaryPrimitives.ReadUInt16BigEndian(port), (ConntrackStatus)BinaryPrimitives.ReadUInt32BigEndian(status) & AddressesChanged);
    }

    private static void Delete(SafeFileHandle netlink, AddressFamily family, byte[] tuple, byte[] id)
    {
        // The id too: the same tuple may be another connection's by now.
        NetlinkRequest request = new();
        Start(request, ConntrackMessage.IPCTNL_MSG_CT_DELETE, NetlinkFlags.NLM_F_ACK, family, "a connection");
        request.Attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, tuple);
        request.Attribute(CTA_ID, id);
        try
        {
            Netlink.Send(netlink, request);
        }
        catch (LinuxException error) when (error.Errno == Errno.ENOENT)
        {
            // It has ended by itself.
        }
    }

    private static void Start(NetlinkRequest request, ConntrackMessage message, NetlinkFlags flags, AddressFamily family, string description)
        => Netfilter.Start(request, NetfilterSubsystem.NFNL_SUBSYS_CTNETLINK, (byte)message, flags,
            family == AddressFamily.InterNetwork ? NetfilterFamily.NFPROTO_IPV4 : NetfilterFamily.NFPROTO_IPV6, $"{message}, {description}");

    private static bool TryFindNested(ReadOnlySpan<byte> attributes, ushort type, out ReadOnlySpan<byte> value)
        => Netlink.TryFind(attributes, type, out value) || Netlink.TryFind(attributes, (ushort)(type | NLA_F_NESTED), out value);
}
