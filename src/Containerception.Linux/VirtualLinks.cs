using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>A pair of veth(4): one end here, a port of a bridge; the other in another network namespace.</summary>
public sealed record VethPair
{
    public required string Name { get; init; }

    /// <summary>The number of the bridge.</summary>
    public required int Bridge { get; init; }

    /// <summary>The name of the other end, there.</summary>
    public required string PeerName { get; init; }

    /// <summary>The hardware address of the other end, 6 bytes.</summary>
    public required ReadOnlyMemory<byte> PeerAddress { get; init; }

    /// <summary>Of both ends; null for the kernel's 1500.</summary>
    public int? Mtu { get; init; }

    /// <summary>Whether the port is kept from the bridge's other isolated ports. Since Linux 4.18.</summary>
    public bool IsIsolated { get; init; }
}

/// <summary>Who hears whom among the macvlans of one parent, spelled as in linux/if_link.h.</summary>
public enum MacvlanMode : uint
{
    None = 0,
    MACVLAN_MODE_PRIVATE = 1,
    MACVLAN_MODE_VEPA = 2,
    MACVLAN_MODE_BRIDGE = 4,
    MACVLAN_MODE_PASSTHRU = 8,
}

/// <summary>An interface with a hardware address of its own on the wire of another one, in another network namespace.</summary>
public sealed record Macvlan
{
    /// <summary>Its name there.</summary>
    public required string Name { get; init; }

    /// <summary>The number of the interface below it, here.</summary>
    public required int Parent { get; init; }

    /// <summary>Its hardware address, 6 bytes.</summary>
    public required ReadOnlyMemory<byte> Address { get; init; }

    public MacvlanMode Mode { get; init; } = MacvlanMode.MACVLAN_MODE_BRIDGE;

    /// <summary>Null for the parent's.</summary>
    public int? Mtu { get; init; }
}

/// <summary>Interfaces that exist because somebody asked for them: bridge, veth, macvlan. By netlink; the socket says in which network namespace.</summary>
public static class VirtualLinks
{
    private const ushort IFLA_ADDRESS = 1;
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_MTU = 4;
    private const ushort IFLA_LINK = 5;
    private const ushort IFLA_MASTER = 10;
    private const ushort IFLA_LINKINFO = 18;
    private const ushort IFLA_NET_NS_FD = 28;
    private const ushort IFLA_INFO_KIND = 1;
    private const ushort IFLA_INFO_DATA = 2;
    private const ushort IFLA_INFO_SLAVE_KIND = 4;
    private const ushort IFLA_INFO_SLAVE_DATA = 5;
    private const ushort IFLA_BRPORT_MODE = 4;
    private const ushort IFLA_BRPORT_ISOLATED = 33;
    private const ushort IFLA_MACVLAN_MODE = 1;
    private const ushort VETH_INFO_PEER = 1;
    private const uint IFF_UP = 1;
    private const NetlinkFlags New = NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_EXCL;

    /// <summary>Makes a bridge, which is down.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EEXIST"/>: something has that name.</exception>
    public static void MakeBridge(SafeFileHandle netlink, string name, ReadOnlySpan<byte> address, int? mtu)
    {
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_NEWLINK, New, default(InterfaceInfo), $"bridge {name}");
        request.Attribute(IFLA_IFNAME, name);
        // Given with the bridge it stays; else it is the lowest of the ports', and changes when they come and go.
        request.Attribute(IFLA_ADDRESS, address);
        AddMtu(request, mtu);
        int about = request.BeginNest(IFLA_LINKINFO);
        request.Attribute(IFLA_INFO_KIND, "bridge");
        request.EndNest(about);
        Netlink.Send(netlink, request);
    }

    /// <summary>Makes a pair with this end up and a port of the bridge, the other one down; returned is this end, whose <see cref="NetworkLink.Link"/> is the other's number.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EEXIST"/>: a name is taken here or there. <see cref="Errno.EXFULL"/>: the bridge has no port left.</exception>
    public static NetworkLink MakeVeth(SafeFileHandle netlink, VethPair pair, SafeFileHandle peerNamespace)
    {
        using HeldDescriptor held = new(peerNamespace);
        NetlinkRequest request = new();
        // The port comes up when it is as it has to be.
        request.Begin(NetlinkMessageType.RTM_NEWLINK, New, default(InterfaceInfo), $"veth {pair.Name}, {pair.PeerName}");
        request.Attribute(IFLA_IFNAME, pair.Name);
        request.Attribute(IFLA_MASTER, (uint)pair.Bridge);
        AddMtu(request, pair.Mtu);
        int about = request.BeginNest(IFLA_LINKINFO);
        request.Attribute(IFLA_INFO_KIND, "veth");
        int data = request.BeginNest(IFLA_INFO_DATA);
        int peer = request.BeginNest(VETH_INFO_PEER);
        request.Payload(default(InterfaceInfo));
        request.Attribute(IFLA_IFNAME, pair.PeerName);
        request.Attribute(IFLA_ADDRESS, pair.PeerAddress.Span);
        request.Attribute(IFLA_NET_NS_FD, (uint)held.Number);
        AddMtu(request, pair.Mtu);
        request.EndNest(peer);
        request.EndNest(data);
        request.EndNest(about);
        SetPort(request, pair);
        NetworkLinks.Ask(request, pair.Name);
        return NetworkLinks.Answer(netlink, request) ?? throw new LinuxException($"netlink(RTM_GETLINK, {pair.Name})", Errno.ENODEV);
    }

    /// <summary>Makes a macvlan, which is down.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EEXIST"/>: a name is taken there. <see cref="Errno.EBUSY"/>: the parent is a port of a bridge, or so.</exception>
    public static void MakeMacvlan(SafeFileHandle netlink, Macvlan macvlan, SafeFileHandle itsNamespace)
    {
        using HeldDescriptor held = new(itsNamespace);
        NetlinkRequest request = new();
        request.Begin(NetlinkMessageType.RTM_NEWLINK, New, default(InterfaceInfo), $"macvlan {macvlan.Name}");
        request.Attribute(IFLA_IFNAME, macvlan.Name);
        request.Attribute(IFLA_LINK, (uint)macvlan.Parent);
        request.Attribute(IFLA_NET_NS_FD, (uint)held.Number);
        request.Attribute(IFLA_ADDRESS, macvlan.Address.Span);
        AddMtu(request, macvlan.Mtu);
        int about = request.BeginNest(IFLA_LINKINFO);
        request.Attribute(IFLA_INFO_KIND, "macvlan");
        int data = request.BeginNest(IFLA_INFO_DATA);
        request.Attribute(IFLA_MACVLAN_MODE, (uint)macvlan.Mode);
        request.EndNest(data);
        request.EndNest(about);
        Netlink.Send(netlink, request);
    }

    private static InterfaceInfo Up => new() { ifi_flags = IFF_UP, ifi_change = IFF_UP };

    /// <summary>What a port is to its bridge can be said only of one that is there.</summary>
    private static void SetPort(NetlinkRequest request, VethPair pair)
    {
        request.Begin(NetlinkMessageType.RTM_NEWLINK, NetlinkFlags.None, Up, $"{pair.Name}, a port of the bridge, up");
        request.Attribute(IFLA_IFNAME, pair.Name);
        int about = request.BeginNest(IFLA_LINKINFO);
        request.Attribute(IFLA_INFO_SLAVE_KIND, "bridge");
        int data = request.BeginNest(IFLA_INFO_SLAVE_DATA);

        // What it sends to a port of the host that leads back to it comes out where it went in: a hairpin.
        request.Attribute(IFLA_BRPORT_MODE, [1]);
        if (pair.IsIsolated)
        {
            request.Attribute(IFLA_BRPORT_ISOLATED, [1]);
        }

        request.EndNest(data);
        request.EndNest(about);
    }

    private static void AddMtu(NetlinkRequest request, int? mtu)
    {
        if (mtu is { } bytes)
        {
            request.Attribute(IFLA_MTU, (uint)bytes);
        }
    }
}
