using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>struct rtmsg of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RouteInfo
{
    public byte rtm_family;
    public byte rtm_dst_len;
    public byte rtm_src_len;
    public byte rtm_tos;
    public byte rtm_table;
    public byte rtm_protocol;
    public byte rtm_scope;
    public byte rtm_type;
    public uint rtm_flags;
}

/// <summary>Routes, by netlink. See rtnetlink(7).</summary>
public static unsafe class NetworkRoutes
{
    private const ushort RTA_DST = 1;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_GATEWAY = 5;
    private const byte RT_TABLE_MAIN = 254;
    private const byte RT_TABLE_LOCAL = 255;
    private const byte RTPROT_BOOT = 3;
    private const byte RTN_UNICAST = 1;
    private const uint RTM_F_CLONED = 0x200;
    private const uint RTNH_F_ONLINK = 4;
    private const byte AF_INET = 2;
    private const byte AF_INET6 = 10;

    /// <summary>Adds: let the default route lead through that interface, in place of another one.</summary>
    /// <param name="request">The request.</param>
    /// <param name="index">The interface, which is up.</param>
    /// <param name="gateway">Where the route leads.</param>
    /// <param name="isOnLink">Whether the gateway lies outside of the interface's subnets, and is reached there all the same.</param>
    public static void SetDefault(NetlinkRequest request, int index, IPAddress gateway, bool isOnLink)
    {
        RouteInfo info = new()
        {
            rtm_family = gateway.AddressFamily == AddressFamily.InterNetwork ? AF_INET : AF_INET6,
            rtm_table = RT_TABLE_MAIN,
            rtm_protocol = RTPROT_BOOT,
            rtm_type = RTN_UNICAST,
            rtm_flags = isOnLink ? RTNH_F_ONLINK : 0,
        };
        request.Begin(NetlinkMessageType.RTM_NEWROUTE, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_REPLACE, info, $"default via {gateway}");
        request.Attribute(RTA_OIF, (uint)index);
        request.Attribute(RTA_GATEWAY, gateway.GetAddressBytes());
    }

    /// <summary>Where all the routes lead but the default ones, those to this machine itself, and to many at once.</summary>
    public static IReadOnlyList<IPNetwork> Destinations(SafeFileHandle netlink)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_GETROUTE, NetlinkFlags.NLM_F_DUMP, default(RouteInfo), "all routes");
        List<IPNetwork> destinations = [];
        Netlink.Ask(netlink, request, (type, payload) =>
        {
            if (type != NetlinkMessageType.RTM_NEWROUTE || payload.Length < sizeof(RouteInfo))
            {
                return;
            }

            RouteInfo info = MemoryMarshal.Read<RouteInfo>(payload);
            if (info.rtm_type == RTN_UNICAST && info.rtm_table != RT_TABLE_LOCAL && (info.rtm_flags & RTM_F_CLONED) == 0
                && Netlink.TryFind(payload[sizeof(RouteInfo)..], RTA_DST, out ReadOnlySpan<byte> bytes) && bytes.Length is 4 or 16)
            {
                destinations.Add(new IPNetwork(new IPAddress(bytes), info.rtm_dst_len));
            }
        });
        return destinations;
    }
}
