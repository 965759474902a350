using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Containerception.Networks;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Connects one container for one start: a network namespace with an interface for each network, ports of the host that lead to it, and a
/// resolver. The namespace is held by the supervisor and what runs in it alone: when they are gone the kernel takes it away, and both ends of
/// each pair of interfaces with it, however they died.
/// </summary>
internal sealed class NetworkPlug : IDisposable
{
    /// <summary>Where the namespace is seen in the container's private mount namespace; elsewhere this is an empty file.</summary>
    public const string NamespaceName = "netns";

    /// <summary>The same of the user namespace that owns it, where the container has one.</summary>
    public const string UsersName = "userns";

    /// <summary>The first of <see cref="Descriptors"/>, where there are names to ask for, as the supervisor has it.</summary>
    public const int DatagramsNumber = 4;

    /// <summary>The second.</summary>
    public const int StreamsNumber = 5;

    private readonly string _directory;
    private readonly UserRange? _range;
    private readonly IReadOnlyList<(EndpointDefinition Endpoint, NetworkDefinition Network)> _places;
    private readonly IReadOnlyList<HeldPort> _ports;
    private readonly Action _announce;
    private readonly Action<IReadOnlyList<PublishedPort>> _publish;
    private readonly SafeFileHandle? _relayedTo;
    private ContainerNamespace? _namespace;
    private Socket? _datagrams;
    private Socket? _streams;

    /// <param name="directory">The container's own.</param>
    /// <param name="range">Where its ids lie; null when they are the host's.</param>
    /// <param name="places">Its networks, the first interface first.</param>
    /// <param name="ports">The ports of the host that it has; they are this object's from now on.</param>
    /// <param name="announce">Lets the others of its networks find it.</param>
    /// <param name="publish">Leads ports to it, and notes that.</param>
    public NetworkPlug(
        string directory, UserRange? range, IReadOnlyList<(EndpointDefinition Endpoint, NetworkDefinition Network)> places,
        IReadOnlyList<HeldPort> ports, Action announce, Action<IReadOnlyList<PublishedPort>> publish)
    {
        _directory = directory;
        _range = range;
        _places = places;
        _ports = ports;
        _announce = announce;
        _publish = publish;
        _relayedTo = UserNetwork.TryOpen();
    }

    /// <summary>The supervisor leads ports to it, which inherits the network namespace where it is connected.</summary>
    public bool IsRelayed => _relayedTo is not null;

    /// <summary>Its supervisor answers questions for names.</summary>
    public bool HasNames => NameFiles.HasNames(_places.Select(place => place.Network));

    /// <summary>The keys of the descriptors that the supervisor only keeps.</summary>
    public ImmutableArray<string> Held => [.. _ports.Where(port => port.Descriptor is not null).Select(port => port.Key)];

    /// <summary>What the supervisor inherits: where it is asked for names, where ports are to be relayed to, and the ports.</summary>
    public IReadOnlyList<SafeFileHandle> Descriptors =>
    [
        .. new[] { _datagrams, _streams }.OfType<Socket>().Select(socket => new SafeFileHandle(socket.SafeHandle.DangerousGetHandle(), ownsHandle: false)),
        .. new[] { _relayedTo }.OfType<SafeFileHandle>(),
        .. _ports.Select(port => port.Descriptor).OfType<SafeFileHandle>(),
    ];

    /// <summary>What is done, on the thread from which the supervisor is started.</summary>
    public IEnumerable<PreparationStep> Steps()
    {
        yield return _range is null
            ? new PreparationStep(
                "make a network namespace", "its interfaces, addresses, routes and ports are the container's own; it goes with the container", MakeNamespace)
            : new PreparationStep(
                "make a user namespace, and a network namespace that belongs to it",
                "its interfaces, addresses, routes and ports are the container's own, and its root may change them; both go with the container",
                () => MakeNamespaces(_range));
        foreach ((EndpointDefinition endpoint, NetworkDefinition network) in _places)
        {
            string addresses = string.Join(" and ", new[] { endpoint.Address4, endpoint.Address6 }.OfType<string>());
            yield return new PreparationStep(
                $"connect {endpoint.Interface} to the network {network.Name}, as {addresses}",
                network.IsBridge ? $"a pair of interfaces: one end is in the container, the other a port of the bridge {network.Device}" : $"an interface of its own on {network.Device}",
                () => Connect(endpoint, network));
        }

        if (HasNames)
        {
            yield return new PreparationStep(
                $"answer questions for names at {NameFiles.Resolver}", "containers of a network find each other by name; the supervisor answers, no daemon", AnswerNames);
        }

        if (_ports.Count > 0)
        {
            yield return new PreparationStep(
                $"lead {Words(_ports)} to the container", IsRelayed ? "a socket each, which a process of the container's relays; who connects keeps his address" : "an element of a map of nftables each; who connects keeps his address", Publish);
        }
    }

    public void Dispose()
    {
        _namespace?.Dispose();
        _datagrams?.Dispose();
        _streams?.Dispose();
        _relayedTo?.Dispose();
        foreach (HeldPort port in _ports)
        {
            port.Dispose();
        }
    }

    /// <summary>The interface of a place, in the container, as it is made.</summary>
    /// <param name="endpoint">The place.</param>
    /// <param name="network">Its network.</param>
    /// <param name="isGateway4">The default route of IPv4 leads there.</param>
    /// <param name="isGateway6">The default route of IPv6 leads there.</param>
    public static EndpointPlan Plan(EndpointDefinition endpoint, NetworkDefinition network, bool isGateway4, bool isGateway6) => new()
    {
        Bridge = network.Device,
        HostInterface = InterfaceNames.Fresh(),
        Interface = endpoint.Interface,
        Mac = NetworkRules.ParseHardwareAddress(endpoint.HardwareAddress),
        Addresses = Addresses(endpoint, network),
        Gateway4 = isGateway4 ? network.Pool4?.GatewayAddress : null,
        Gateway6 = isGateway6 ? network.Pool6?.GatewayAddress : null,
        Mtu = network.Mtu > 0 ? network.Mtu : null,
        IsIsolated = !network.Talks,
    };

    /// <summary>Of several networks the one whose gateway is the container's: the highest priority, then the first name. None of an internal one.</summary>
    public static NetworkDefinition? GatewayOf(
        IEnumerable<(EndpointDefinition Endpoint, NetworkDefinition Network)> places, Func<NetworkDefinition, PoolDefinition?> poolOf)
        => places.Where(place => !place.Network.IsInternal && poolOf(place.Network) is not null)
            .OrderByDescending(place => place.Endpoint.GatewayPriority).ThenBy(place => place.Network.Name, StringComparer.Ordinal)
            .Select(place => place.Network).FirstOrDefault();

    private string MakeNamespace()
    {
        _namespace = ContainerNamespace.Create();
        string path = Path.Join(_directory, NamespaceName);
        _namespace.Pin(path);
        return $"unshare(CLONE_NEWNET), mount(\"/proc/thread-self/ns/net\", \"{path}\", NULL, MS_BIND)";
    }

    private string MakeNamespaces(UserRange range)
    {
        (SafeFileHandle users, SafeFileHandle network) = MappedUsers.MakeWithNetwork(range);
        using (users)
        {
            string path = Path.Join(_directory, UsersName);
            File.WriteAllBytes(path, []);
            Mounting.Mount(Descriptor.MagicLink(users), path, null, MountFlags.MS_BIND);
        }

        _namespace = ContainerNamespace.Open(network);
        _namespace.Pin(Path.Join(_directory, NamespaceName));
        return $"clone3(CLONE_NEWUSER | CLONE_NEWNET), mount(\"/proc/PID/ns/user\", \"{Path.Join(_directory, UsersName)}\", NULL, MS_BIND)";
    }

    private string Connect(EndpointDefinition endpoint, NetworkDefinition network)
    {
        bool isGateway4 = GatewayOf(_places, one => one.Pool4)?.Id == network.Id;
        bool isGateway6 = GatewayOf(_places, one => one.Pool6)?.Id == network.Id;
        return Connect(_namespace!, endpoint, network, isGateway4, isGateway6);
    }

    /// <summary>Makes the interface of a place.</summary>
    /// <returns>What was asked of the kernel.</returns>
    public static string Connect(ContainerNamespace inside, EndpointDefinition endpoint, NetworkDefinition network, bool isGateway4, bool isGateway6)
    {
        EndpointPlan plan = Plan(endpoint, network, isGateway4, isGateway6);
        if (network.IsBridge)
        {
            UserNetwork.Run(() => Connector.Connect(inside, plan));
            return $"netlink(RTM_NEWLINK, {plan.HostInterface} of {network.Device}, peer {plan.Interface}; RTM_NEWADDR; RTM_NEWROUTE)";
        }

        UserNetwork.Run(() => Connector.ConnectMacvlan(inside, new MacvlanPlan
        {
            Parent = network.Device,
            Interface = plan.Interface,
            Mac = plan.Mac,
            Addresses = plan.Addresses,
            Gateway4 = plan.Gateway4,
            Gateway6 = plan.Gateway6,
            Mtu = plan.Mtu,
        }));
        return $"netlink(RTM_NEWLINK, macvlan {plan.Interface} on {network.Device}; RTM_NEWADDR; RTM_NEWROUTE)";
    }

    private string AnswerNames()
    {
        _namespace!.Run(() =>
        {
            (_datagrams, _streams) = OpenResolver();
            return true;
        });
        _announce();
        return $"bind({NameFiles.Resolver}:{((IPEndPoint)_datagrams!.LocalEndPoint!).Port}), netlink(NFT_MSG_NEWRULE, {NameFiles.Resolver}:53)";
    }

    /// <summary>Opens the two sockets at which a supervisor is asked for names. The calling thread is in the container's network namespace.</summary>
    public static (Socket Datagrams, Socket Streams) OpenResolver()
    {
        // A port of the kernel's choice, so that the container can have the port 53 itself; questions are led there.
        Socket datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Socket streams = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        datagrams.Bind(new IPEndPoint(NameFiles.Resolver, 0));
        streams.Bind(new IPEndPoint(NameFiles.Resolver, 0));
        DnsRedirect.Install(NameFiles.Resolver, (ushort)((IPEndPoint)datagrams.LocalEndPoint!).Port, (ushort)((IPEndPoint)streams.LocalEndPoint!).Port);
        return (datagrams, streams);
    }

    private string Publish()
    {
        _publish([.. _ports.Select(port => port.Port)]);
        return $"netlink(NFT_MSG_NEWSETELEM, {Words(_ports)})";
    }

    private static string Words(IReadOnlyList<HeldPort> ports)
    {
        const int countMax = 3;
        string first = string.Join(", ", ports.Take(countMax).Select(port => $"{new IPEndPoint(port.Port.HostAddress, port.Port.HostPort)}/{port.Port.Protocol.Name()}"));
        return ports.Count > countMax ? $"{first} and {ports.Count - countMax} more" : first;
    }

    private static ImmutableArray<InterfaceAddress> Addresses(EndpointDefinition endpoint, NetworkDefinition network) =>
    [
        .. endpoint.Address4 is string four ? [new InterfaceAddress(IPAddress.Parse(four), network.Pool4!.Network.PrefixLength)] : ImmutableArray<InterfaceAddress>.Empty,
        .. endpoint.Address6 is string six ? [new InterfaceAddress(IPAddress.Parse(six), network.Pool6!.Network.PrefixLength)] : ImmutableArray<InterfaceAddress>.Empty,
    ];
}
