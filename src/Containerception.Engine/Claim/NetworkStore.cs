using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Networks;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The networks and the addresses in them. A container has its addresses from its making to its removal, whether it runs or not: so a crash
/// loses none, and a container that starts again is where it was. Where a network is full, the addresses of containers that do not run are
/// taken, unless somebody asked for just these.
/// </summary>
/// <param name="root">The engine's directory.</param>
/// <param name="database">cdock.db.</param>
/// <param name="clock">The clock.</param>
internal sealed class NetworkStore(string root, Database database, TimeProvider clock)
{
    private const int IdBytes = 32;
    private const int ShortIdLength = 12;

    // Two engines with directories of their own choose from the same addresses of one machine.
    private const string LockName = "networks.lock";
    private const string LockPath = "/run/cdock-networks.lock";
    private const string DefaultRoot = "/var/lib/cdock";

    private readonly string _containers = Path.Join(root, "containers");

    public NetworkTable Table { get; } = new(database);

    public PortTable Ports { get; } = new(database);

    /// <summary>Tells this engine's things in the kernel from those of another: empty for the one in the usual place.</summary>
    public string Suffix { get; } = root == DefaultRoot ? "" : StableHash.Of(root).ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>The table of nftables.</summary>
    public string FirewallTable => Suffix.Length == 0 ? "cdock" : $"cdock-{Suffix}";

    /// <summary>The network of containers that ask for none; it is made by the first of them.</summary>
    public NetworkDefinition Default => Table.TryFind(NetworkingRequest.DefaultNetwork) ?? Add(new NetworkCreateRequest(NetworkingRequest.DefaultNetwork)
    {
        Options = ImmutableSortedDictionary<string, string>.Empty.Add(NetworkOptions.BridgeName, Suffix.Length == 0 ? "cdock0" : $"cdock-{Suffix}"),
    });

    /// <summary>Finds a network; <c>bridge</c>, and <c>default</c> as docker also calls it, is made where it is not there yet.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public NetworkDefinition Find(string name) => name is NetworkingRequest.DefaultNetwork or "default" ? Default : Table.Find(name);

    /// <summary>Makes a network: its row alone, since what the kernel needs of it is made when a container comes.</summary>
    /// <exception cref="EngineException">Its name or its addresses are taken, or make no sense.</exception>
    public NetworkDefinition Add(NetworkCreateRequest request)
    {
        NetworkRules.CheckName(request.Name);
        using SafeFileHandle turn = TakeTurn();
        return database.Transact(() =>
        {
            if (Table.TryFind(request.Name) is NetworkDefinition other)
            {
                return request.Name == NetworkingRequest.DefaultNetwork
                    ? other
                    : throw new EngineException(FailureKind.AlreadyExists, $"network with name {request.Name} already exists", "choose another name, or `cdock network rm` it");
            }

            string id = Randomness.GetHex(IdBytes);
            List<NetworkDefinition> all = Table.All();
            NetworkDefinition network = NetworkRules.Compile(request, id[..ShortIdLength], all) with { Id = id, Name = request.Name, Created = clock.GetUtcNow() };
            Table.TryAdd(network);
            return network;
        });
    }

    /// <summary>Removes a network that no container has.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Conflict"/>.</exception>
    public NetworkDefinition Remove(string name) => database.Transact(() =>
    {
        NetworkDefinition network = Table.Find(name);
        if (network.Name == NetworkingRequest.DefaultNetwork)
        {
            throw new EngineException(FailureKind.Conflict, $"{network.Name} is a pre-defined network and cannot be removed");
        }

        List<EndpointDefinition> ends = EndpointsIn(network);
        if (ends.Count > 0)
        {
            string users = string.Join(", ", ends.Select(end => end.Container[..ShortIdLength]));
            throw new EngineException(
                FailureKind.Conflict, $"network {network.Name} has active endpoints: {users}", "remove these containers first, or `cdock network disconnect` them");
        }

        foreach (EndpointDefinition left in Table.In(network.Id))
        {
            Table.RemoveEndpoint(left.Network, left.Container);
        }

        Table.Remove(network.Id);
        return network;
    });

    /// <summary>The places in a network of containers that are there: a crash may have left others.</summary>
    public List<EndpointDefinition> EndpointsIn(NetworkDefinition network)
        => [.. Table.In(network.Id).Where(end => Directory.Exists(Path.Join(_containers, end.Container)))];

    /// <summary>Gives a container a place in a network, with an address of each family that it has.</summary>
    /// <exception cref="EngineException">The address is taken, or is none of the network's; or there is none left.</exception>
    public EndpointDefinition Join(NetworkDefinition network, string container, EndpointRequest request, int order) => database.Transact(() =>
    {
        List<EndpointDefinition> others = [.. Table.In(network.Id).Where(end => end.Container != container)];
        string? address4 = Choose(network, network.Pool4, request.Address4, others, end => end.Address4, "IPv4");
        string? address6 = Choose(network, network.Pool6, request.Address6, others, end => end.Address6, "IPv6");
        EndpointDefinition endpoint = new()
        {
            Network = network.Id,
            Container = container,
            Address4 = address4,
            Address6 = address6,
            IsStatic = request.Address4 is not null || request.Address6 is not null,
            HardwareAddress = NetworkRules.Text(request.HardwareAddress ?? HardwareAddresses.Of(IPAddress.Parse((address4 ?? address6)!))),
            Aliases = request.Aliases,
            GatewayPriority = request.GatewayPriority,
            Order = order,
        };
        Table.Put(endpoint);
        return endpoint;
    });

    /// <summary>A container that lost its address while it did not run gets another.</summary>
    public void Renew(EndpointDefinition endpoint)
    {
        NetworkDefinition network = Table.Find(endpoint.Network);
        if ((network.Pool4 is null || endpoint.Address4 is not null) && (network.Pool6 is null || endpoint.Address6 is not null))
        {
            return;
        }

        Join(network, endpoint.Container, new EndpointRequest(network.Id)
        {
            Aliases = endpoint.Aliases,
            HardwareAddress = NetworkRules.ParseHardwareAddress(endpoint.HardwareAddress),
            GatewayPriority = endpoint.GatewayPriority,
        }, endpoint.Order);
    }

    private string? Choose(
        NetworkDefinition network, PoolDefinition? pool, IPAddress? wanted, List<EndpointDefinition> others, Func<EndpointDefinition, string?> addressOf, string family)
    {
        if (pool is null)
        {
            return wanted is null ? null
                : throw EngineException.Invalid($"the network {network.Name} has no {family}: {wanted} cannot be had", "make one with `cdock network create --subnet`");
        }

        HashSet<IPAddress> taken =
        [
            pool.GatewayAddress, .. pool.Auxiliary.Values.Select(IPAddress.Parse), .. others.Select(addressOf).OfType<string>().Select(IPAddress.Parse),
        ];
        if (wanted is not null)
        {
            return NetworkRules.Checked(network, pool, wanted, taken).ToString();
        }

        IPAddress? found = AddressPool.Next(pool.Network, pool.Chosen, taken, after: null);
        return (found ?? TakeFromEnded(network, pool, others, addressOf))?.ToString()
            ?? throw new EngineException(
                FailureKind.Conflict, $"the network {network.Name} has no free {family} address left in {pool.Chosen ?? pool.Network}",
                "remove containers that are not needed, or make a larger network");
    }

    private IPAddress? TakeFromEnded(
        NetworkDefinition network, PoolDefinition pool, List<EndpointDefinition> others, Func<EndpointDefinition, string?> addressOf)
    {
        EndpointDefinition? ended = others.FirstOrDefault(end => !end.IsStatic && addressOf(end) is string text
            && (pool.Chosen ?? pool.Network).Contains(IPAddress.Parse(text))
            && !ContainerDirectory.IsTaken(Path.Join(_containers, end.Container)));
        if (ended is null)
        {
            return null;
        }

        IPAddress address = IPAddress.Parse(addressOf(ended)!);
        Table.Put(address.AddressFamily == AddressFamily.InterNetwork ? ended with { Network = network.Id, Address4 = null } : ended with { Network = network.Id, Address6 = null });
        return address;
    }

    private static SafeFileHandle TakeTurn()
    {
        // Who may not write there has a network namespace of his own to make networks in, or makes none.
        string path = PlainUser.IsRootOfHisOwn ? Path.Join(PlainUser.RuntimeDirectory, LockName)
            : Environment.IsPrivilegedProcess && Directory.Exists("/run") ? LockPath : "/dev/null";
        SafeFileHandle turn = Files.Open(
            path, OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_NOFOLLOW, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FileContents.Flock(turn);
        return turn;
    }
}
