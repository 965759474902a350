using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Addresses of network interfaces, by netlink. See rtnetlink(7), linux/if_addr.h.</summary>
public static unsafe class NetworkAddresses
{
    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort IFA_BROADCAST = 4;
    private const byte IFA_F_NODAD = 2;
    private const byte AF_INET = 2;
    private const byte AF_INET6 = 10;
    private const int BitsOfIPv4 = 32;

    // RFC 3021: a /31 has two hosts, and neither network nor broadcast.
    private const int PrefixLengthOfBroadcastMax = 30;

    /// <summary>Adds: give that interface an address, with its subnet's broadcast address where it has one. An IPv6 address can be used at once.</summary>
    public static void Add(NetlinkRequest request, int index, IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        bool isIPv4 = address.AddressFamily == AddressFamily.InterNetwork;
        AddressInfo info = new()
        {
            ifa_family = isIPv4 ? AF_INET : AF_INET6,
            ifa_prefixlen = (byte)prefixLength,
            // Who gives it knows that nobody else has it; the second in which the kernel asks around is a second of every start.
            ifa_flags = isIPv4 ? (byte)0 : IFA_F_NODAD,
            ifa_index = index,
        };
        request.Begin(NetlinkMessageType.RTM_NEWADDR, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_EXCL, info, $"{address}/{prefixLength}");
        request.Attribute(IFA_LOCAL, bytes);
        request.Attribute(IFA_ADDRESS, bytes);
        if (isIPv4 && prefixLength <= PrefixLengthOfBroadcastMax)
        {
            uint hosts = uint.MaxValue >> prefixLength;
            for (int place = 0; place < bytes.Length; place++)
            {
                bytes[place] |= (byte)(hosts >> (BitsOfIPv4 - 8 - (8 * place)));
            }

            request.Attribute(IFA_BROADCAST, bytes);
        }
    }

    /// <summary>All addresses of all interfaces.</summary>
    public static IReadOnlyList<(int Index, IPAddress Address, int PrefixLength)> All(SafeFileHandle netlink)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_GETADDR, NetlinkFlags.NLM_F_DUMP, default(AddressInfo), "all addresses");
        List<(int, IPAddress, int)> addresses = [];
        Netlink.Ask(netlink, request, (type, payload) =>
        {
            if (type != NetlinkMessageType.RTM_NEWADDR || payload.Length < sizeof(AddressInfo))
            {
                return;
            }

            AddressInfo info = MemoryMarshal.Read<AddressInfo>(payload);
            ReadOnlySpan<byte> attributes = payload[sizeof(AddressInfo)..];
            // Of a point-to-point interface IFA_ADDRESS is the other side; IPv6 has IFA_LOCAL for these alone.
            if ((Netlink.TryFind(attributes, IFA_LOCAL, out ReadOnlySpan<byte> bytes) || Netlink.TryFind(attributes, IFA_ADDRESS, out bytes)) && bytes.Length is 4 or 16)
            {
                addresses.Add((info.ifa_index, new IPAddress(bytes), info.ifa_prefixlen));
            }
        });
        return addresses;
    }
}
