using System.Net.NetworkInformation;
using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Networks;

/// <summary>Bridges in the thread's network namespace. One that was made here is known by its hardware address, which it has from its first moment.</summary>
public static class Bridges
{
    /// <summary>Makes a bridge, or puts right what is missing of it; its number is returned.</summary>
    /// <exception cref="NetworkException">The name belongs to an interface of somebody else's, or to none.</exception>
    public static int Ensure(BridgePlan plan)
    {
        InterfaceNames.Check(plan.Name);
        bool forIPv6 = plan.Gateways.Any(gateway => gateway.Address.AddressFamily == AddressFamily.InterNetworkV6);
        if (forIPv6 && !Sysctls.HasIPv6)
        {
            throw new NetworkException(NetworkFailure.Unsupported, $"bridge {plan.Name}: this machine does not speak IPv6", "its kernel may be told ipv6.disable=1; see /proc/cmdline");
        }

        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        int index = FindOrMake(netlink, plan).Index;
        Configure(plan, forIPv6);

        NetlinkRequest request = new();
        NetworkLinks.BringUp(request, index, plan.Name);
        foreach (InterfaceAddress gateway in plan.Gateways)
        {
            NetworkAddresses.Add(request, index, gateway.Address, gateway.PrefixLength);
        }

        Netlink.Send(netlink, request, tolerated: Errno.EEXIST);
        Forwarding.Enable(forIPv6);
        return index;
    }

    /// <summary>Whether a name is nobody's, or its bridge that owner's.</summary>
    /// <exception cref="NetworkException">It belongs to an interface of somebody else's.</exception>
    public static void CheckFree(string name, string owner)
    {
        InterfaceNames.Check(name);
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        if (NetworkLinks.Find(netlink, name) is { } link && !IsOf(link, AddressOf(owner)))
        {
            throw Foreign(name, link);
        }
    }

    /// <summary>Whether a bridge of that owner is there.</summary>
    public static bool Exists(string name, string owner)
    {
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        return NetworkLinks.Find(netlink, name) is { } link && IsOf(link, AddressOf(owner));
    }

    /// <summary>Removes a bridge; false, and nothing done, when there is none of that owner.</summary>
    public static bool Remove(string name, string owner)
    {
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        return NetworkLinks.Find(netlink, name) is { } link && IsOf(link, AddressOf(owner)) && NetworkLinks.Delete(netlink, name);
    }

    private static NetworkLink FindOrMake(SafeFileHandle netlink, BridgePlan plan)
    {
        PhysicalAddress address = AddressOf(plan.Owner);
        if (NetworkLinks.Find(netlink, plan.Name) is not { } link)
        {
            try
            {
                VirtualLinks.MakeBridge(netlink, plan.Name, address.GetAddressBytes(), plan.Mtu);
            }
            catch (LinuxException failure) when (failure.Errno == Errno.EEXIST)
            {
                // Somebody was faster: most likely another process with the same plan.
            }

            link = NetworkLinks.Find(netlink, plan.Name)
                ?? throw new NetworkException(NetworkFailure.NotFound, $"bridge {plan.Name}: it was removed while it was made");
        }

        return IsOf(link, address) ? link : throw Foreign(plan.Name, link);
    }

    private static NetworkException Foreign(string name, NetworkLink link) => new(
        NetworkFailure.Conflict,
        $"bridge {name}: file exists (EEXIST): there is an interface of that name which is not this network's: {link.Kind ?? "a device"}, {link.HardwareAddress}",
        $"see 'ip -d link show {name}'; give the network's bridge another name");

    /// <summary>Before it comes up, so that nobody hears of it what it is not to say.</summary>
    private static void Configure(BridgePlan plan, bool forIPv6)
    {
        if (plan.RouteLocalnet)
        {
            Sysctls.Set($"ipv4/conf/{plan.Name}/route_localnet", "1");
        }

        if (Sysctls.HasIPv6)
        {
            // A container is no router that this machine listens to (CVE-2020-13401), and none that it talks to by link-local addresses unasked.
            Sysctls.Set($"ipv6/conf/{plan.Name}/accept_ra", "0");
            Sysctls.Set($"ipv6/conf/{plan.Name}/accept_dad", "0");
            Sysctls.Set($"ipv6/conf/{plan.Name}/disable_ipv6", forIPv6 ? "0" : "1");
        }
    }

    private static bool IsOf(NetworkLink link, PhysicalAddress address)
        => link.Kind == "bridge" && link.HardwareAddress == address.ToString();

    private static PhysicalAddress AddressOf(string owner) => HardwareAddresses.Of(owner);
}
