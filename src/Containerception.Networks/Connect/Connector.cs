using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Networks;

/// <summary>Connects a container's network namespace with networks of the thread's.</summary>
public static class Connector
{
    /// <summary>Gives the container an interface whose other end is a port of a bridge. Nothing is left of it when it fails.</summary>
    /// <exception cref="NetworkException">There is no such bridge, a name is taken, or the bridge has no port left.</exception>
    public static void Connect(ContainerNamespace container, EndpointPlan plan)
    {
        InterfaceNames.Check(plan.Interface);
        InterfaceNames.Check(plan.HostInterface);
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        NetworkLink bridge = NetworkLinks.Find(netlink, plan.Bridge) is { Kind: "bridge" } found ? found : throw new NetworkException(
            NetworkFailure.NotFound, $"bridge {plan.Bridge}: no such device (ENODEV): there is no bridge of that name", "see 'ip link show type bridge'");
        NetworkLink port;
        try
        {
            port = VirtualLinks.MakeVeth(netlink, new VethPair
            {
                Name = plan.HostInterface,
                Bridge = bridge.Index,
                PeerName = plan.Interface,
                PeerAddress = plan.Mac.GetAddressBytes(),
                Mtu = plan.Mtu,
                IsIsolated = plan.IsIsolated,
            }, container.Descriptor);
        }
        catch (LinuxException failure)
        {
            throw Explain(failure, netlink, container, plan);
        }

        Finish(container, plan, port.Link);
    }

    /// <summary>Asks whether a macvlan's parent is there.</summary>
    /// <exception cref="NetworkException">It is not.</exception>
    public static void CheckParent(string parent)
    {
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        FindParent(netlink, parent);
    }

    /// <summary>Gives the container an interface on the wire of one of the host's.</summary>
    /// <exception cref="NetworkException">There is no such parent, it cannot be one, or the name is taken.</exception>
    public static void ConnectMacvlan(ContainerNamespace container, MacvlanPlan plan)
    {
        InterfaceNames.Check(plan.Interface);
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        NetworkLink parent = FindParent(netlink, plan.Parent);
        try
        {
            VirtualLinks.MakeMacvlan(netlink, new Macvlan
            {
                Name = plan.Interface,
                Parent = parent.Index,
                Address = plan.Mac.GetAddressBytes(),
                Mode = plan.Mode,
                Mtu = plan.Mtu,
            }, container.Descriptor);
        }
        catch (LinuxException failure)
        {
            throw NetworkLinks.Find(container.Netlink, plan.Interface) is not null ? Taken(plan.Interface, failure) : new NetworkException(
                failure.Errno == Errno.EOPNOTSUPP ? NetworkFailure.Unsupported : NetworkFailure.Conflict, $"macvlan parent {plan.Parent}: {failure.Message}", failure.Errno switch
                {
                    Errno.EOPNOTSUPP => "this kernel has no macvlan",
                    Errno.EBUSY or Errno.EINVAL => "a port of a bridge or a bond, loopback, and a parent of ipvlan cannot be a parent of macvlan; nor can the MTU be above the parent's",
                    _ => null,
                }, failure);
        }

        Finish(container, plan, (NetworkLinks.Find(container.Netlink, plan.Interface) ?? throw Gone(plan.Interface)).Index);
    }

    private static NetworkLink FindParent(SafeFileHandle netlink, string parent) => NetworkLinks.Find(netlink, parent) ?? throw new NetworkException(
        NetworkFailure.NotFound, $"macvlan parent {parent}: no such device (ENODEV): there is no interface of that name on the host", "see 'ip link'");

    /// <summary>Takes an interface from a container, and with it its end here; false when it has none of that name.</summary>
    public static bool Disconnect(ContainerNamespace container, string interfaceName) => NetworkLinks.Delete(container.Netlink, interfaceName);

    /// <summary>Lets the container's default route lead through another of its interfaces.</summary>
    public static void SetGateway(ContainerNamespace container, InterfacePlan plan)
    {
        NetlinkRequest request = new();
        AddRoutes(request, plan, (NetworkLinks.Find(container.Netlink, plan.Interface) ?? throw Gone(plan.Interface)).Index);
        if (request.Count > 0)
        {
            Netlink.Send(container.Netlink, request);
        }
    }

    /// <summary>Brings up a container's loopback interface, which is all that one without networks has.</summary>
    public static void BringUpLoopback(ContainerNamespace container) => Netlink.Send(container.Netlink, Netlink.LoopbackUp());

    /// <summary>What is to be done inside; a container that does not get all of it gets none.</summary>
    private static void Finish(ContainerNamespace container, InterfacePlan plan, int index)
    {
        try
        {
            ConfigureIPv6(container, plan);
            if (plan is MacvlanPlan)
            {
                WaitForAddress(container, plan.Interface, index);
            }

            NetlinkRequest request = Netlink.LoopbackUp();
            NetworkLinks.BringUp(request, index, plan.Interface);
            foreach (InterfaceAddress address in plan.Addresses)
            {
                NetworkAddresses.Add(request, index, address.Address, address.PrefixLength);
            }

            AddRoutes(request, plan, index);
            Netlink.Send(container.Netlink, request);
        }
        catch
        {
            Disconnect(container, plan.Interface);
            throw;
        }
    }

    // A network namespace is taken down a while after its last process has ended, and until then the hardware address is the earlier interface's.
    private static void WaitForAddress(ContainerNamespace container, string name, int index)
    {
        const int attemptsMax = 2000;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                NetlinkRequest request = new();
                NetworkLinks.BringUp(request, index, name);
                Netlink.Send(container.Netlink, request);
                return;
            }
            catch (LinuxException taken) when (taken.Errno == Errno.EADDRINUSE && attempt < attemptsMax)
            {
                Polling.Poll(container.Netlink, PollEvents.None, timeoutMilliseconds: 1);
            }
        }
    }

    /// <summary>
    /// Before it comes up: without an address of its own it does not make one up, by which neighbours would reach it past its network; nor does it
    /// listen to a neighbour that says it is a router (CVE-2020-10749, CVE-2020-13401).
    /// </summary>
    private static void ConfigureIPv6(ContainerNamespace container, InterfacePlan plan)
        => container.Run(() =>
        {
            bool wanted = plan.Addresses.Any(address => address.Address.AddressFamily == AddressFamily.InterNetworkV6);
            if (wanted && !Sysctls.HasIPv6)
            {
                throw new NetworkException(NetworkFailure.Unsupported, $"interface {plan.Interface}: this machine does not speak IPv6", "its kernel may be told ipv6.disable=1; see /proc/cmdline");
            }

            if (wanted)
            {
                Sysctls.Set($"ipv6/conf/{plan.Interface}/disable_ipv6", "0");
                Sysctls.Set($"ipv6/conf/{plan.Interface}/accept_ra", "0");
                Sysctls.Set($"ipv6/conf/{plan.Interface}/accept_dad", "0");
            }
            else if (Sysctls.HasIPv6)
            {
                Sysctls.Set($"ipv6/conf/{plan.Interface}/disable_ipv6", "1");
            }

            return 0;
        });

    private static void AddRoutes(NetlinkRequest request, InterfacePlan plan, int index)
    {
        foreach (IPAddress? gateway in (ReadOnlySpan<IPAddress?>)[plan.Gateway4, plan.Gateway6])
        {
            if (gateway is not null)
            {
                bool isInside = plan.Addresses.Any(address => HostNetworks.SubnetOf(address.Address, address.PrefixLength).Contains(gateway));
                NetworkRoutes.SetDefault(request, index, gateway, isOnLink: !isInside);
            }
        }
    }

    private static NetworkException Explain(LinuxException failure, SafeFileHandle netlink, ContainerNamespace container, EndpointPlan plan)
    {
        switch (failure.Errno)
        {
            case Errno.EEXIST when NetworkLinks.Find(container.Netlink, plan.Interface) is not null:
                return Taken(plan.Interface, failure);
            case Errno.EEXIST:
                return new NetworkException(NetworkFailure.Conflict, $"interface {plan.HostInterface}: file exists (EEXIST): the host has an interface of that name", null, failure);
            case Errno.EXFULL:
                return new NetworkException(NetworkFailure.Exhausted, $"bridge {plan.Bridge}: exchange full (EXFULL): it has no port left", "a bridge has 1023 ports: connect the container to another network", failure);
            default:
                // The kernel takes back a pair that cannot become a port, but not a port that cannot be isolated.
                NetworkLinks.Delete(container.Netlink, plan.Interface);
                return new NetworkException(NetworkFailure.Invalid, $"bridge {plan.Bridge}: {failure.Message}", null, failure);
        }
    }

    private static NetworkException Taken(string name, LinuxException failure)
        => new(NetworkFailure.Conflict, $"interface {name}: file exists (EEXIST): the container has an interface of that name", null, failure);

    private static NetworkException Gone(string name)
        => new(NetworkFailure.NotFound, $"interface {name}: no such device (ENODEV): the container has no interface of that name");
}
