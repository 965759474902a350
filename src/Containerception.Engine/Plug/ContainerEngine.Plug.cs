using System.Collections.Immutable;
using System.Net;
using Containerception.Linux;
using Containerception.Networks;

namespace Containerception.Engine;

// What of a container's network is kept, and where:
//   its addresses and hardware addresses   database, endpoints     from its making to its removal
//   its names                              networks/ID/names       while it runs
//   ports of the host that lead to it      database, ports; the elements of maps in nftables; bound sockets   while it runs
//   interfaces, routes, its resolver       the kernel              while it runs, and no longer, however it ends
// So a killed command or supervisor leaves names and ports at most, and Sweep knows whose they were.
public sealed partial class ContainerEngine
{
    private NetworkStore NetworkStore => field ??= new NetworkStore(_options.RootDirectory, Database, _options.Clock);

    private NameFiles NameFiles => field ??= new NameFiles(_options.RootDirectory);

    private Firewall Firewall => field ??= new Firewall(NetworkStore.FirewallTable);

    /// <summary>Takes what a container's start needs of the network that others could take first: addresses and ports. Nothing is connected yet.</summary>
    private NetworkPlug? Plug(ContainerDirectory directory, ContainerDefinition definition)
    {
        if (definition.Networking is not { IsConnected: true } networking)
        {
            return null;
        }

        List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places = Database.Transact(() =>
        {
            NetworkStore.Table.Of(definition.Id).ForEach(NetworkStore.Renew);
            return PlacesOf(definition.Id);
        });
        PrepareNetworks([.. places.Select(place => place.Network)]);
        List<HeldPort> ports = Reserve(RequestsOf(networking), places);
        WriteNames(directory.Path, networking, places);
        return new NetworkPlug(
            directory.Path, definition.Root.OwnUser ? UserRange.Of(definition.Id) : null, places, ports, () => Announce(definition.Id), wanted => Publish(definition.Id, wanted));
    }

    /// <summary>A container runs from now on: the others of its networks find it.</summary>
    private void Announce(string id) => Database.Transact(() =>
    {
        if (NetworkStore.Table.SetActive(id, isActive: true))
        {
            WriteNamesOf(id);
        }
    });

    /// <summary>The same once its supervisor is gone, for whom somebody waits.</summary>
    private void UnplugEnded(ContainerDefinition definition)
    {
        // Asked anew: ports may have been added while it ran.
        if (_store.Table.TryGet(definition.Id) is ContainerDefinition now && NeedsUnplugging(now))
        {
            // Null: somebody else has it by now, who starts it anew or buries it.
            using ContainerDirectory? directory = ContainerDirectory.TakeEnding(_store.PathOf(definition.Id));
            if (directory is not null)
            {
                Unplug(definition.Id);
            }
        }
    }

    /// <summary>Whether something of its network does not end with its supervisor.</summary>
    private bool NeedsUnplugging(ContainerDefinition definition)
        => definition.Networking is { IsConnected: true } networking
            && (RequestsOf(networking).Any() || PlacesOf(definition.Id).Exists(place => place.Network.HasNames));

    /// <summary>Takes back what is kept of a container's connection while it runs; may be done any number of times.</summary>
    private void Unplug(string id)
    {
        if (!Directory.Exists(Path.Join(_options.RootDirectory, "networks")))
        {
            // Nothing was ever connected here: that needs no database.
            return;
        }

        Database.Transact(() =>
        {
            List<PublishedPort> ports = NetworkStore.Ports.Of(id);
            if (ports.Count > 0)
            {
                // Asked here: for a plain user the rest is done on another thread, and this one has the database.
                PublishedPort[] all = [.. ports, .. WhereTheyLedOtherwise(ports, id)];
                UserNetwork.Run(() =>
                {
                    Firewall.Withdraw(all);
                    Firewall.ForgetFlows(ports);
                });
                NetworkStore.Ports.Remove(id);
            }

            if (NetworkStore.Table.SetActive(id, isActive: false))
            {
                WriteNamesOf(id);
            }
        });
    }

    // Who moved them from one of its networks to another may have been killed half-way.
    private IEnumerable<PublishedPort> WhereTheyLedOtherwise(List<PublishedPort> ports, string id)
    {
        IPAddress[] addresses = [.. NetworkStore.Table.Of(id).SelectMany(endpoint => new[] { endpoint.Address4, endpoint.Address6 }).OfType<string>().Select(IPAddress.Parse)];
        return ports.SelectMany(port => addresses
            .Where(address => port.IsLed && address.AddressFamily == port.HostAddress.AddressFamily && !address.Equals(port.ContainerAddress))
            .Select(address => port with { ContainerAddress = address }));
    }

    /// <summary>The container is removed: its addresses are free.</summary>
    private void Disconnect(string id)
    {
        Unplug(id);
        if (Directory.Exists(Path.Join(_options.RootDirectory, "networks")))
        {
            NetworkStore.Table.RemoveEndpoints(id);
        }
    }

    // Where ports of IPv4 lead, and those of IPv6: to the network that has the default route, for answers go there. Without an address of IPv6 what comes by that
    // is relayed, but not to an internal network: a relay is no way that the firewall forbids.
    private static (IPAddress? By4, IPAddress? By6) TargetsOf(List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        IPAddress? Address4Of(List<(EndpointDefinition Endpoint, NetworkDefinition Network)> some) => AddressOf(some, network => network.Pool4, endpoint => endpoint.Address4);
        return (Address4Of(places),
            AddressOf(places, network => network.Pool6, endpoint => endpoint.Address6) ?? Address4Of(places.FindAll(place => !place.Network.IsInternal)));
    }

    private static IPAddress? AddressOf(
        List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places, Func<NetworkDefinition, PoolDefinition?> poolOf, Func<EndpointDefinition, string?> addressOf)
    {
        string? gateway = NetworkPlug.GatewayOf(places, poolOf)?.Id;
        return places.OrderByDescending(place => place.Network.Id == gateway).Select(place => addressOf(place.Endpoint)).OfType<string>().Select(IPAddress.Parse).FirstOrDefault();
    }

    private List<(EndpointDefinition Endpoint, NetworkDefinition Network)> PlacesOf(string id)
        => [.. NetworkStore.Table.Of(id).Select(endpoint => (endpoint, NetworkStore.Table.Find(endpoint.Network)))];

    // Bridges and rules stay when their last container goes, and are not there after a reboot.
    private void PrepareNetworks(ImmutableArray<NetworkDefinition> networks)
    {
        Directory.CreateDirectory(Path.Join(_options.RootDirectory, "networks"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (NetworkDefinition network in networks.Where(network => network.IsBridge))
        {
            Database.Transact(() =>
            {
                List<NetworkDefinition> all = NetworkStore.Table.All();
                List<PublishedPort> ports = NetworkStore.Ports.All();
                UserNetwork.Run(() => PrepareNetwork(network, all, ports));
            });
        }
    }

    // The rules come before the bridge: where it is, they are.
    private void PrepareNetwork(NetworkDefinition network, List<NetworkDefinition> all, List<PublishedPort> ports)
    {
        Bridges.CheckFree(network.Device, network.Id);
        if (!Repair(all, ports) && !Bridges.Exists(network.Device, network.Id))
        {
            Firewall.Add(RulesOf(network));
        }

        try
        {
            Bridges.Ensure(BridgeOf(network));
        }
        catch (Exception failure) when ((failure is NetworkException or LinuxException) && !Bridges.Exists(network.Device, network.Id))
        {
            // What is without a bridge must not be taken for one: by that name there may be an interface of the host's later.
            Firewall.Remove(RulesOf(network));
            throw;
        }
    }

    // Somebody may have flushed all rules, his own and others'.
    private void RepairFirewall() => Database.Transact(() =>
    {
        List<NetworkDefinition> all = NetworkStore.Table.All();
        List<PublishedPort> ports = NetworkStore.Ports.All();
        UserNetwork.Run(() => Repair(all, ports));
    });

    // Whether all rules had to be made anew.
    private bool Repair(List<NetworkDefinition> all, List<PublishedPort> ports)
    {
        if (Firewall.IsIntact())
        {
            return false;
        }

        Firewall.Rebuild([.. all.Where(one => one.IsBridge).Select(RulesOf)], ports);
        return true;
    }

    private static BridgePlan BridgeOf(NetworkDefinition network) => new()
    {
        Name = network.Device,
        Owner = network.Id,
        Gateways = [.. network.Pools.Select(pool => new InterfaceAddress(pool.GatewayAddress, pool.Network.PrefixLength))],
        Mtu = network.Mtu > 0 ? network.Mtu : null,
        RouteLocalnet = true,
    };

    private static BridgeRules RulesOf(NetworkDefinition network) => new()
    {
        Bridge = network.Device,
        Subnets = [.. network.Pools.Select(pool => pool.Network)],
        IsInternal = network.IsInternal,
        Masquerade = network.Masquerades,
        Talks = network.Talks,
    };

    private void Publish(string id, IReadOnlyList<PublishedPort> ports)
    {
        // Noted before it is done: what leads to a container always has a row, by which it is found when its maker was killed.
        Database.Transact(() =>
        {
            foreach (PublishedPort port in ports)
            {
                NetworkStore.Ports.Put(id, port);
            }
        });
        Database.Transact(() =>
        {
            // Meanwhile the container may have ended, and its rows with it.
            PublishedPort[] noted = [.. NetworkStore.Ports.Of(id).Where(ports.Contains)];
            if (noted.Length > 0)
            {
                UserNetwork.Run(() =>
                {
                    Firewall.Publish(noted);
                    Firewall.ForgetFlows(noted);
                });
            }
        });
    }

    private void WriteNames(string directory, NetworkingDefinition networking, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        NetworkDefinition[] networks = [.. places.Select(place => place.Network)];
        NetworkFiles.Rewrite(directory, NameFiles.ResolvConf(networking, NameFiles.HasNames(networks)), NameFiles.Hosts(networking, places));
        if (NameFiles.HasNames(networks))
        {
            NameFiles.WriteDns(directory, networking, networks);
        }
    }

    private void WriteNamesOf(string id)
    {
        foreach ((_, NetworkDefinition network) in PlacesOf(id).Where(place => place.Network.HasNames))
        {
            WriteNames(network);
        }
    }

    private void WriteNames(NetworkDefinition network) => Database.Transact(() => NameFiles.WriteNetwork(
        network.Id,
        NetworkStore.Table.In(network.Id).Where(endpoint => endpoint.IsActive)
            .Select(endpoint => (endpoint, _store.Table.TryGet(endpoint.Container)?.Name)).Where(one => one.Name is not null)
            .Select(one => (one.endpoint, one.Name!))));

    private static IEnumerable<PortRequest> RequestsOf(NetworkingDefinition networking)
    {
        PortRequest[] asked = [.. networking.Ports.Select(port => new PortRequest(
            PortProtocols.TryParse(port.Protocol, out PortProtocol protocol) ? protocol : throw new System.Diagnostics.UnreachableException(), port.HostAddress is null ? null : IPAddress.Parse(port.HostAddress), port.HostPort, port.ContainerPort)
        {
            HostPortLast = port.HostPortLast,
        })];
        IEnumerable<PortRequest> exposed = networking.PublishAll ? networking.Exposed.SelectMany(text => PortRequest.ParseExposed(text)) : [];
        return asked.Concat(exposed.Where(port => !asked.Any(one => one.ContainerName == port.ContainerName)));
    }

    private List<HeldPort> Reserve(IEnumerable<PortRequest> requests, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        (IPAddress? by4, IPAddress? by6) = TargetsOf(places);
        return new PortReservation(DescribeOwner, WaitForOwners).Take(requests, by4, by6);
    }

    private string? DescribeOwner(PortProtocol protocol, ushort port)
        => NetworkStore.Ports.OwnersOf(protocol, port).Select(id => _store.Table.TryGet(id)?.Name).OfType<string>().FirstOrDefault();

    // A supervisor whose container has ended holds its ports for a moment more.
    private bool WaitForOwners(PortProtocol protocol, ushort port)
    {
        bool waited = false;
        foreach (string id in NetworkStore.Ports.OwnersOf(protocol, port))
        {
            string path = _store.PathOf(id);
            if (Supervision.StatusReport.TryRead(path) is null or { State: "exited" })
            {
                using ContainerDirectory? directory = ContainerDirectory.TakeEnding(path);
                waited |= directory is not null;
            }
        }

        return waited;
    }
}
