using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>A network interface. See rtnetlink(7).</summary>
/// <param name="Index">Its number in its network namespace.</param>
/// <param name="Name">Its name there.</param>
/// <param name="IsUp">Whether it was brought up.</param>
/// <param name="HardwareAddress">In hexadecimal digits; empty where it has none.</param>
public sealed record NetworkLink(int Index, string Name, bool IsUp, string HardwareAddress)
{
    /// <summary>What makes it: <c>bridge</c>, <c>veth</c>; null for hardware and loopback.</summary>
    public string? Kind { get; init; }

    /// <summary>The most bytes of a packet.</summary>
    public int Mtu { get; init; }

    /// <summary>The number of the other end of a veth pair, or of what lies below a macvlan, in that one's network namespace; 0 where there is none.</summary>
    public int Link { get; init; }

    /// <summary>The number of the bridge that it is a port of; 0 where it is none.</summary>
    public int Master { get; init; }
}

/// <summary>An address of a network interface, as the kernel told it.</summary>
/// <param name="Info">struct ifaddrmsg of linux/if_addr.h.</param>
/// <param name="Attributes">What follows it.</param>
public sealed record NetworkAddress(AddressInfo Info, ReadOnlyMemory<byte> Attributes);

/// <summary>struct ifaddrmsg of linux/if_addr.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AddressInfo
{
    public byte ifa_family;
    public byte ifa_prefixlen;
    public byte ifa_flags;
    public byte ifa_scope;
    public int ifa_index;
}

/// <summary>Network interfaces and their addresses, by netlink. The socket says in which network namespace.</summary>
public static unsafe class NetworkLinks
{
    private const ushort IFLA_ADDRESS = 1;
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_MTU = 4;
    private const ushort IFLA_LINK = 5;
    private const ushort IFLA_MASTER = 10;
    private const ushort IFLA_LINKINFO = 18;
    private const ushort IFLA_NET_NS_FD = 28;
    private const ushort IFLA_EXT_MASK = 29;
    private const ushort IFLA_INFO_KIND = 1;
    private const uint RTEXT_FILTER_SKIP_STATS = 8;
    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort IFA_BROADCAST = 4;
    private const ushort IFA_FLAGS = 8;
    private const ushort IFA_RT_PRIORITY = 9;
    private const uint IFF_UP = 1;
    private const uint IFA_F_PERMANENT = 0x80;

    // What was asked for when the address was made, not what became of it.
    private const uint FlagsToKeep = 0x02 | 0x10 | 0x100 | 0x200 | 0x400;
    private const byte RT_SCOPE_UNIVERSE = 0;

    /// <summary>All interfaces.</summary>
    public static IReadOnlyList<NetworkLink> All(SafeFileHandle netlink)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_GETLINK, NetlinkFlags.NLM_F_DUMP, default(InterfaceInfo), "all links");
        request.Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        List<NetworkLink> links = [];
        Netlink.Ask(netlink, request, (type, payload) =>
        {
            if (Read(type, payload) is { } link)
            {
                links.Add(link);
            }
        });
        return links;
    }

    /// <summary>The interface of that name; null where there is none.</summary>
    public static NetworkLink? Find(SafeFileHandle netlink, string name)
    {
        NetlinkRequest request = new();
        Ask(request, name);
        return Answer(netlink, request, Errno.ENODEV);
    }

    /// <summary>Removes an interface, and a veth pair by either end; false when there is none of that name.</summary>
    public static bool Delete(SafeFileHandle netlink, string name)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_DELLINK, NetlinkFlags.None, default(InterfaceInfo), name);
        request.Attribute(IFLA_IFNAME, name);
        try
        {
            Netlink.Send(netlink, request);
            return true;
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENODEV)
        {
            return false;
        }
    }

    /// <summary>Adds: bring that interface up.</summary>
    public static void BringUp(NetlinkRequest request, int index, string name)
        => request.Begin(NetlinkMessageType.RTM_NEWLINK, NetlinkFlags.None, new InterfaceInfo { ifi_index = index, ifi_flags = IFF_UP, ifi_change = IFF_UP }, $"{name} up");

    /// <summary>Adds: what is the interface of that name?</summary>
    internal static void Ask(NetlinkRequest request, string name)
    {
        request.Begin(NetlinkMessageType.RTM_GETLINK, NetlinkFlags.None, default(InterfaceInfo), name);
        request.Attribute(IFLA_IFNAME, name);
        request.Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }

    /// <summary>Sends a request that ends with such a question, and reads the answer.</summary>
    internal static NetworkLink? Answer(SafeFileHandle netlink, NetlinkRequest request, Errno tolerated = Errno.None)
    {
        NetworkLink? link = null;
        Netlink.Ask(netlink, request, (type, payload) => link = Read(type, payload) ?? link, tolerated);
        return link;
    }

    /// <summary>The addresses of an interface that somebody gave it for good and for everywhere: no link-local ones, none of a router's advertising.</summary>
    public static IReadOnlyList<NetworkAddress> PermanentAddresses(SafeFileHandle netlink, int index)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_GETADDR, NetlinkFlags.NLM_F_DUMP, default(AddressInfo), "all addresses");
        List<NetworkAddress> addresses = [];
        Netlink.Ask(netlink, request, (type, payload) =>
        {
            AddressInfo info = MemoryMarshal.Read<AddressInfo>(payload);
            ReadOnlySpan<byte> attributes = payload[sizeof(AddressInfo)..];
            if (type == NetlinkMessageType.RTM_NEWADDR && info.ifa_index == index && info.ifa_scope == RT_SCOPE_UNIVERSE && (Flags(info, attributes) & IFA_F_PERMANENT) != 0)
            {
                addresses.Add(new NetworkAddress(info, attributes.ToArray()));
            }
        });
        return addresses;
    }

    /// <summary>Moves an interface into another network namespace, under a name that may end with %d. It is down there, and has no addresses.</summary>
    public static void Move(SafeFileHandle netlink, int index, SafeFileHandle networkNamespace, string name)
    {
        using HeldDescriptor held = new(networkNamespace);
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_NEWLINK, NetlinkFlags.None, new InterfaceInfo { ifi_index = index }, $"link {index} into another network namespace as {name}");
        request.Attribute(IFLA_NET_NS_FD, (uint)held.Number);
        request.Attribute(IFLA_IFNAME, name);
        Netlink.Send(netlink, request);
    }

    /// <summary>Gives an interface addresses that another one, or it elsewhere, had; and brings it up.</summary>
    public static void Configure(SafeFileHandle netlink, NetworkLink link, IEnumerable<NetworkAddress> addresses, bool up)
    {
        NetlinkRequest request = new();
        foreach (NetworkAddress address in addresses)
        {
            ReadOnlySpan<byte> attributes = address.Attributes.Span;
            AddressInfo info = address.Info with { ifa_index = link.Index, ifa_flags = 0 };
            request.Begin(NetlinkMessageType.RTM_NEWADDR, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_EXCL, info, $"an address of {link.Name}");
            foreach (ushort type in (ReadOnlySpan<ushort>)[IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY])
            {
                if (Netlink.TryFind(attributes, type, out ReadOnlySpan<byte> value))
                {
                    request.Attribute(type, value);
                }
            }

            request.Attribute(IFA_FLAGS, Flags(address.Info, attributes) & FlagsToKeep);
        }

        if (up)
        {
            BringUp(request, link.Index, link.Name);
        }

        if (request.Count > 0)
        {
            Netlink.Send(netlink, request);
        }
    }

    private static NetworkLink? Read(NetlinkMessageType type, ReadOnlySpan<byte> payload)
    {
        if (type != NetlinkMessageType.RTM_NEWLINK || payload.Length < sizeof(InterfaceInfo))
        {
            return null;
        }

        InterfaceInfo info = MemoryMarshal.Read<InterfaceInfo>(payload);
        ReadOnlySpan<byte> attributes = payload[sizeof(InterfaceInfo)..];
        if (!Netlink.TryFind(attributes, IFLA_IFNAME, out ReadOnlySpan<byte> name))
        {
            return null;
        }

        Netlink.TryFind(attributes, IFLA_ADDRESS, out ReadOnlySpan<byte> address);
        return new NetworkLink(info.ifi_index, KernelText.Read(name), (info.ifi_flags & IFF_UP) != 0, Convert.ToHexString(address))
        {
            Kind = Netlink.TryFind(attributes, IFLA_LINKINFO, out ReadOnlySpan<byte> about) && Netlink.TryFind(about, IFLA_INFO_KIND, out ReadOnlySpan<byte> kind)
                ? KernelText.Read(kind)
                : null,
            Mtu = Number(attributes, IFLA_MTU),
            Link = Number(attributes, IFLA_LINK),
            Master = Number(attributes, IFLA_MASTER),
        };
    }

    private static int Number(ReadOnlySpan<byte> attributes, ushort type)
        => Netlink.TryFind(attributes, type, out ReadOnlySpan<byte> value) && value.Length >= sizeof(int) ? MemoryMarshal.Read<int>(value) : 0;

    /// <summary>The attribute has more bits than the field, where there is one.</summary>
    private static uint Flags(in AddressInfo info, ReadOnlySpan<byte> attributes)
        => Netlink.TryFind(attributes, IFA_FLAGS, out ReadOnlySpan<byte> flags) ? MemoryMarshal.Read<uint>(flags) : info.ifa_flags;
}
