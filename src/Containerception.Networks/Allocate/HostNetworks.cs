using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Networks;

/// <summary>The networks that this machine is in or knows the way to: a new one that overlapped one of them would hide it.</summary>
public static class HostNetworks
{
    /// <summary>
    /// The subnets of all addresses and the destinations of all routes in the thread's network namespace, each once. Default routes are none of
    /// them, nor is what every machine has: loopback, link-local and multicast.
    /// </summary>
    public static IReadOnlyList<IPNetwork> All()
    {
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        IEnumerable<IPNetwork> subnets = NetworkAddresses.All(netlink).Select(one => SubnetOf(one.Address, one.PrefixLength));
        return [.. subnets.Concat(NetworkRoutes.Destinations(netlink)).Where(network => !IsEverywhere(network)).Distinct()];
    }

    /// <summary>The subnet that an address lies in.</summary>
    public static IPNetwork SubnetOf(IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int place = 0; place < bytes.Length; place++)
        {
            int kept = Math.Clamp(prefixLength - (8 * place), 0, 8);
            bytes[place] &= (byte)(0xff00 >> kept);
        }

        return new IPNetwork(new IPAddress(bytes), prefixLength);
    }

    private static bool IsEverywhere(IPNetwork network)
        => network.PrefixLength == 0 || IPAddress.IsLoopback(network.BaseAddress)
            || (network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 && (network.BaseAddress.IsIPv6LinkLocal || network.BaseAddress.IsIPv6Multicast));
}
