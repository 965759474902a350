using System.Collections.Immutable;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    // What is asked for becomes what will be: the default where nothing is said, names become networks, another container becomes its id.
    private RunRequest WithNetworks(RunRequest request, Machine machine)
    {
        NetworkingRequest networking = request.Networking;
        string mode = networking.Mode ?? (IsConnectedByDefault(request, machine) ? NetworkingRequest.DefaultNetwork : "none");
        networking = networking with { Mode = mode };
        if (networking.Container is string other)
        {
            ContainerDefinition definition = _store.Table.Find(other);
            CheckSharing(request, definition);
            return request with { Networking = networking with { Mode = NetworkingRequest.ContainerPrefix + definition.Id, Networks = [] } };
        }

        if (mode is "none" or "host")
        {
            return request with
            {
                Networking = networking with { Networks = [], Ports = [], PublishAll = false },
                Namespaces = request.Namespaces with { OwnNetwork = request.Namespaces.OwnNetwork && mode == "none" },
            };
        }

        if (!machine.CanConnect)
        {
            throw new EngineException(
                FailureKind.Unsupported, $"the network {mode} needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the network namespace of cdock", "use --network none, or --network host");
        }

        ImmutableArray<EndpointRequest> networks = networking.Networks.IsEmpty ? [new EndpointRequest(mode)] : networking.Networks;
        networks.ToList().ForEach(CheckAliases);
        return request with { Networking = networking with { Networks = networks } };
    }

    // A bundle says itself which namespaces it has.
    private static bool IsConnectedByDefault(RunRequest request, Machine machine)
        => machine.CanConnect && (!PlainUser.IsRootOfHisOwn || UserNetwork.IsPossible || WantsPorts(request.Networking)) && request is { Root: not RootRequest.OciBundle, Namespaces: { Only: null, OwnNetwork: true } };

    // Who asks for ports and cannot have them must hear so.
    private static bool WantsPorts(NetworkingRequest networking) => networking.PublishAll || !networking.Ports.IsEmpty;

    private static void CheckSharing(RunRequest request, ContainerDefinition other)
    {
        if (other.Networking?.SharedWith is not null)
        {
            throw new EngineException(FailureKind.Conflict, $"the container {other.Name} has no network of its own: it shares another's", "name that one");
        }

        if (!request.Networking.Ports.IsEmpty || request.Networking.PublishAll)
        {
            throw EngineException.Invalid("conflicting options: port publishing and the container type network mode", "publish them at the container that has the network");
        }

        if (request.Hostname is not null)
        {
            throw EngineException.Invalid("conflicting options: hostname and the network mode");
        }

        if (request.Networking.HasOwnFiles)
        {
            throw EngineException.Invalid("conflicting options: dns or custom host-to-IP mapping and the network mode", "give them to the container that has the network");
        }
    }

    private static void CheckAliases(EndpointRequest request)
    {
        if (!request.Aliases.IsEmpty && request.Network is NetworkingRequest.DefaultNetwork or "default" && !request.Aliases.IsEmpty)
        {
            throw EngineException.Invalid("network-scoped alias is supported only for containers in user defined networks", "make one: cdock network create NAME");
        }
    }

    // From now on the container has its addresses.
    private NetworkingDefinition Join(RunRequest request, RootPlan root, string id)
    {
        NetworkingRequest networking = request.Networking;
        const int shortIdLength = 12;
        try
        {
            NetworkDefinition[] networks = [.. networking.Networks.Select(one => NetworkStore.Find(one.Network))];
            if (networks.GroupBy(network => network.Id).FirstOrDefault(group => group.Count() > 1)?.First() is NetworkDefinition twice)
            {
                throw EngineException.Invalid($"network {twice.Name} is specified more than once");
            }

            for (int i = 0; i < networks.Length; i++)
            {
                NetworkStore.Join(networks[i], id, networking.Networks[i], i);
            }
        }
        catch (Networks.NetworkException failure)
        {
            throw EngineException.Of(failure);
        }

        networking.AddHosts.ToList().ForEach(entry => NameFiles.SplitHost(entry));
        return new NetworkingDefinition
        {
            Mode = networking.Networks.IsEmpty ? networking.Mode! : NetworkStore.Find(networking.Networks[0].Network).Name,
            Ports = [.. networking.Ports.Select(Define)],
            Exposed = [.. (root.Image?.ExposedPorts ?? []).Concat(networking.Exposed).SelectMany(text => PortRequest.ParseExposed(text)).Select(port => port.ContainerName).Distinct()],
            PublishAll = networking.PublishAll,
            Dns = networking.Dns,
            DnsSearch = networking.DnsSearch,
            DnsOptions = networking.DnsOptions,
            AddHosts = networking.AddHosts,
            Hostname = request.Hostname ?? root.Hostname ?? (request.Root is RootRequest.Image ? id[..shortIdLength] : ConfigCompiler.HostnameDefault),
        };
    }

    private static string? NamespaceOf(NetworkingDefinition networking, string directory)
        => networking.IsConnected || networking.SharedWith is not null ? Path.Join(directory, NetworkPlug.NamespaceName) : null;

    private RootPlan WithNetwork(RootPlan root, ContainerDefinition definition, ContainerDirectory directory, NetworkPlug? plug)
    {
        // The first of all steps makes the mounts private, also where the root itself needs none: a namespace bound on the host would stay.
        ImmutableArray<PreparationStep> begun = root.Steps.Any(RootPlanner.IsPrivate) ? root.Steps : [RootPlanner.Private(), .. root.Steps];
        if (plug is not null)
        {
            return root with { Steps = [.. begun, .. plug.Steps()] };
        }

        return definition.Networking?.SharedWith is not string other ? root : root with
        {
            Steps =
            [
                .. begun,
                new PreparationStep(
                    $"take the network namespace of {_store.Table.TryGet(other)?.Name ?? other}", "both have the same interfaces, addresses and ports",
                    () => TakeNamespaceOf(other, Path.Join(directory.Path, NetworkPlug.NamespaceName))),
            ],
        };
    }

    private string TakeNamespaceOf(string other, string path)
    {
        string name = _store.Table.TryGet(other)?.Name ?? throw new EngineException(
            FailureKind.NotFound, $"the container {other}, whose network this one shares, is gone", "make this one anew");
        if (StatusReport.TryRead(_store.PathOf(other)) is not { Pid: > 0 and int pid })
        {
            throw new EngineException(FailureKind.Conflict, $"cannot join the network of {name}, which does not run", $"`cdock start {name}` starts it");
        }

        string source = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net");
        File.WriteAllBytes(path, []);
        return Mounts.Bind(source, path);
    }
}
