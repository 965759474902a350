using System.Net.Sockets;
using System.Text;
using Containerception.Linux;
using Containerception.Networks;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>Makes a network.</summary>
    /// <exception cref="EngineException">Its name or its addresses are taken, or make no sense.</exception>
    public NetworkInfo CreateNetwork(NetworkCreateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Name == NetworkingRequest.DefaultNetwork)
        {
            throw new EngineException(FailureKind.Conflict, $"operation is not permitted on predefined {request.Name} network", "choose another name");
        }

        NetworkDefinition network = NetworkStore.Add(request);
        try
        {
            if (!network.IsBridge)
            {
                Connector.CheckParent(network.Device);
            }

            if (network.IsBridge && Machine.Ask().CanConnect)
            {
                // What stands in its way is told now, not at the first container.
                PrepareNetworks([network]);
            }
        }
        catch (Exception failure) when (failure is NetworkException or LinuxException)
        {
            NetworkStore.Remove(network.Id);
            throw failure is NetworkException known ? EngineException.Of(known) : failure;
        }

        Events.Network("create", network.Id, network.Name, network.Driver);
        return Describe(network);
    }

    /// <summary>All networks, by name: also the three that are always there.</summary>
    public IReadOnlyList<NetworkInfo> ListNetworks()
    {
        _ = Machine.Ask().CanConnect ? NetworkStore.Default : null;
        return
        [
            .. NetworkStore.Table.All().Select(Describe).Concat([Predefined("host", "host"), Predefined("none", "null")])
                .OrderBy(network => network.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>One network.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public NetworkInfo FindNetwork(string name)
    {
        Sweep();
        return name is "host" or "none" ? Predefined(name, name == "none" ? "null" : name) : Describe(NetworkStore.Find(name));
    }

    /// <summary>Removes a network that no container has.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Conflict"/>: it is in use, or one of those that are always there.</exception>
    public NetworkInfo RemoveNetwork(string name)
    {
        Sweep();
        if (name is "host" or "none" or "default")
        {
            throw new EngineException(FailureKind.Conflict, $"{name} is a pre-defined network and cannot be removed");
        }

        NetworkInfo info = FindNetwork(name);
        bool canConnect = Machine.Ask().CanConnect;
        NetworkDefinition network = Database.Transact(() =>
        {
            // Its row goes last: while it is there, who was killed half-way can remove the rest once more.
            NetworkDefinition removed = NetworkStore.Remove(name);
            if (removed.IsBridge && canConnect)
            {
                UserNetwork.Run(() =>
                {
                    Bridges.Remove(removed.Device, removed.Id);
                    Firewall.Remove(RulesOf(removed));
                });
            }

            NameFiles.RemoveNetwork(removed.Id);
            return removed;
        });
        Events.Network("destroy", network.Id, network.Name, network.Driver);
        return info;
    }

    /// <summary>Networks that somebody made and no container has.</summary>
    public IReadOnlyList<NetworkInfo> ListUnusedNetworks() => [.. ListNetworks().Where(network => !network.IsPredefined && network.Endpoints.IsEmpty)];

    /// <summary>Gives a container a place in a network: at once where it runs, and for each later start.</summary>
    /// <exception cref="EngineException">It has one already, or cannot have one.</exception>
    public void ConnectNetwork(string container, EndpointRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        NetworkDefinition network = Connectable(definition, request.Network);
        CheckAliases(request);
        List<(EndpointDefinition Endpoint, NetworkDefinition Network)> before = PlacesOf(definition.Id);
        if (before.Exists(place => place.Network.Id == network.Id))
        {
            throw new EngineException(FailureKind.Conflict, $"endpoint with name {definition.Name} already exists in network {network.Name}");
        }

        int order = Enumerable.Range(0, int.MaxValue).First(i => !before.Exists(place => place.Endpoint.Order == i));
        EndpointDefinition endpoint = NetworkStore.Join(network, definition.Id, request, order);
        try
        {
            WhileItRuns(definition, inside =>
            {
                PrepareNetworks([network]);
                NetworkPlug.Connect(inside, endpoint, network, isGateway4: false, isGateway6: false);
            });
            LeadPortsAnew(definition, PlacesOf(definition.Id));
        }
        catch (Exception failure) when (failure is NetworkException or LinuxException)
        {
            NetworkStore.Table.RemoveEndpoint(network.Id, definition.Id);
            throw failure is NetworkException known ? EngineException.Of(known)
                : new EngineException(FailureKind.System, $"cannot connect {definition.Name} to {network.Name}: {failure.Message}", cause: failure);
        }

        Events.Network("connect", network.Id, network.Name, network.Driver, definition.Id);
    }

    /// <summary>Takes a container's place in a network: at once where it runs.</summary>
    /// <param name="network">The network's name or id.</param>
    /// <param name="container">The container's.</param>
    /// <param name="force">A container that is not there is no failure.</param>
    public void DisconnectNetwork(string network, string container, bool force)
    {
        Sweep();
        NetworkDefinition one = NetworkStore.Find(network);
        ContainerDefinition? definition = force ? TryFindContainer(container) : _store.Table.Find(container);
        (EndpointDefinition Endpoint, NetworkDefinition Network) place = definition is null ? default
            : PlacesOf(definition.Id).FirstOrDefault(place => place.Network.Id == one.Id);
        if (definition is null || place.Endpoint is null)
        {
            throw new EngineException(FailureKind.Conflict, $"container {container} is not connected to network {one.Name}", "`cdock inspect` tells its networks");
        }

        // First of all the ports: soon the address may be somebody else's.
        LeadPortsAnew(definition, PlacesOf(definition.Id).FindAll(other => other.Network.Id != one.Id));
        Database.Transact(() =>
        {
            // Both or none: without a place nobody would take the name away.
            NetworkStore.Table.RemoveEndpoint(one.Id, definition.Id);
            if (one.HasNames)
            {
                WriteNames(one);
            }
        });
        WhileItRuns(definition, inside => Connector.Disconnect(inside, place.Endpoint.Interface));
        Events.Network("disconnect", one.Id, one.Name, one.Driver, definition.Id);
    }

    private ContainerDefinition? TryFindContainer(string container)
    {
        try
        {
            return _store.Table.Find(container);
        }
        catch (EngineException missing) when (missing.Kind == FailureKind.NotFound)
        {
            return null;
        }
    }

    private NetworkDefinition Connectable(ContainerDefinition definition, string network)
        => definition.Networking switch
        {
            _ when network is "host" or "none" => throw new EngineException(
                FailureKind.Conflict, $"container cannot be connected to the network {network} later", "give it at the container's making: --network"),
            { IsConnected: true } => NetworkStore.Find(network),
            { SharedWith: not null } => throw new EngineException(
                FailureKind.Conflict, $"container sharing network namespace with another container or host cannot be connected to any other network: {definition.Name}"),
            _ => throw new EngineException(
                FailureKind.Conflict, $"the container {definition.Name} has the network {definition.Networking?.Mode ?? "of its bundle"}, and cannot be connected to another",
                "make it anew with --network"),
        };

    // Its namespace is reached by its first process, and what changes there is told to its supervisor and in its files.
    private void WhileItRuns(ContainerDefinition definition, Action<ContainerNamespace> work)
    {
        string directory = _store.PathOf(definition.Id);
        if (RunningPid(directory) is not int pid)
        {
            return;
        }

        NamespaceThread.Run(() =>
        {
            using ContainerNamespace inside = ContainerNamespace.Open(
                Files.Open(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"), OpenFlags.O_RDONLY));
            work(inside);
            List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places = PlacesOf(definition.Id);
            SetGateways(inside, places);
            GiveNames(directory, inside, definition, places);
            return true;
        });
        Announce(definition.Id);
    }

    // Files that a container which has none of its own would miss are made with it: they are written, never made, here.
    private void GiveNames(
        string directory, ContainerNamespace inside, ContainerDefinition definition, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        WriteNames(directory, definition.Networking!, places);
        if (NameFiles.HasNames(places.Select(place => place.Network)))
        {
            using SupervisorLine? line = SupervisorLine.TryConnect(directory);
            if (line is not null)
            {
                LetAnswer(line, inside, directory);
            }
        }
    }

    // A supervisor that answers already goes on at the sockets that it has.
    private static void LetAnswer(SupervisorLine line, ContainerNamespace inside, string directory)
    {
        (Socket datagrams, Socket streams) = inside.Run(NetworkPlug.OpenResolver);
        using (datagrams)
        using (streams)
        using (SafeFileHandle first = new(datagrams.SafeHandle.DangerousGetHandle(), ownsHandle: false))
        using (SafeFileHandle second = new(streams.SafeHandle.DangerousGetHandle(), ownsHandle: false))
        {
            line.Ask(FrameKind.AnswerNames, Encoding.UTF8.GetBytes(Path.Join(directory, DnsNames.FileName)), first, second);
        }
    }

    private static void SetGateways(ContainerNamespace inside, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        NetworkDefinition? gateway4 = NetworkPlug.GatewayOf(places, one => one.Pool4);
        NetworkDefinition? gateway6 = NetworkPlug.GatewayOf(places, one => one.Pool6);
        foreach ((EndpointDefinition endpoint, NetworkDefinition network) in places.Where(place => place.Network.Id == gateway4?.Id || place.Network.Id == gateway6?.Id))
        {
            Connector.SetGateway(inside, NetworkPlug.Plan(endpoint, network, network.Id == gateway4?.Id, network.Id == gateway6?.Id));
        }
    }

    private NetworkInfo Describe(NetworkDefinition network) => new()
    {
        Id = network.Id,
        Name = network.Name,
        Created = network.Created,
        Driver = network.Driver,
        IsInternal = network.IsInternal,
        HasIPv6 = network.Pool6 is not null,
        IsAttachable = network.IsAttachable,
        Pools = [.. network.Pools.Select(pool => pool.ToPool())],
        Options = network.Options,
        Labels = network.Labels,
        Endpoints = [.. NetworkStore.EndpointsIn(network).Select(endpoint => NetworkView.Describe(network, endpoint))],
    };

    // docker's, that stand for no network: their ids are made of their names.
    private static NetworkInfo Predefined(string name, string driver) => new()
    {
        Id = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes("cdock network " + name))),
        Name = name,
        Created = DateTimeOffset.UnixEpoch,
        Driver = driver,
    };

    private static NetworkingRequest RequestOf(NetworkingDefinition? networking) => networking is null ? new NetworkingRequest() : new NetworkingRequest
    {
        Mode = networking.Mode,
        Ports = [.. RequestsOf(networking with { PublishAll = false })],
        PublishAll = networking.PublishAll,
        Exposed = networking.Exposed,
        Dns = networking.Dns,
        DnsSearch = networking.DnsSearch,
        DnsOptions = networking.DnsOptions,
        AddHosts = networking.AddHosts,
    };
}
