using System.Collections.Immutable;
using System.CommandLine;
using System.Net.Sockets;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock network</c>: what containers are connected by.</summary>
internal static class NetworkCommand
{
    public static Command Create(Output output) => new("network", "Manage networks")
    {
        Connect(), Make(output), Disconnect(), Inspect(output), List(output), Prune(output), Remove(output),
    };

    private static Command Make(Output output)
    {
        Option<string> driver = new("--driver", "-d") { Description = "bridge, or macvlan (default: bridge)", HelpName = "DRIVER" };
        Option<string[]> subnet = Texts("--subnet", "SUBNET", "Its addresses, one subnet of each family: 10.89.0.0/24");
        Option<string[]> range = Texts("--ip-range", "SUBNET", "Of these the ones that containers get without asking");
        Option<string[]> gateway = Texts("--gateway", "ADDRESS", "The host's own address in it (default: the first)");
        Option<string[]> auxiliary = Texts("--aux-address", "NAME=ADDRESS", "An address that somebody else has");
        Option<bool> isInternal = new("--internal") { Description = "Its containers reach each other, and nothing outside" };
        Option<bool> ipv6 = new("--ipv6") { Description = "It has IPv6 too" };
        Option<bool> attachable = new("--attachable") { Description = "Containers may be connected to it by hand, as to every network here" };
        Option<string> ipam = new("--ipam-driver") { Description = "default, which is the only one", HelpName = "DRIVER" };
        Option<string[]> opt = new("--opt", "-o")
        {
            Description = "com.docker.network.bridge.name, .enable_icc, .enable_ip_masquerade, com.docker.network.driver.mtu; macvlan: parent",
            HelpName = "NAME=VALUE",
        };
        Option<string[]> label = Texts("--label", "NAME=VALUE", "A note on the network");
        Argument<string> name = new("NETWORK") { Description = "Its name" };
        Command command = new("create", "Make a network") { driver, subnet, range, gateway, auxiliary, isInternal, ipv6, attachable, ipam, opt, label, name };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(ipam) is string other and not "default")
            {
                throw new UsageException($"could not find an IPAM driver {other}", "use default");
            }

            NetworkInfo network = Engine().CreateNetwork(new NetworkCreateRequest(parsed.GetValue(name)!)
            {
                Driver = parsed.GetValue(driver) ?? "bridge",
                Pools = NetworkPoolReader.Read(parsed.GetValue(subnet) ?? [], parsed.GetValue(range) ?? [], parsed.GetValue(gateway) ?? [], parsed.GetValue(auxiliary) ?? []),
                IsInternal = parsed.GetValue(isInternal),
                HasIPv6 = parsed.GetValue(ipv6),
                IsAttachable = parsed.GetValue(attachable),
                Options = Pairs(parsed.GetValue(opt)),
                Labels = Pairs(parsed.GetValue(label)),
            });
            output.Standard.WriteLine(network.Id);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(Output output)
    {
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only ids" };
        Option<bool> whole = new("--no-trunc") { Description = "Cut nothing short" };
        Option<string[]> filter = new("--filter", "-f") { Description = "Only some: name, id, driver, label, type, scope, dangling", HelpName = "NAME=VALUE" };
        Option<string> format = new("--format") { Description = "table, json, or a template: '{{.Name}}'", HelpName = "FORMAT" };
        Command command = new("ls", "List networks") { quiet, whole, filter, format };
        command.Aliases.Add("list");
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "name", "id", "driver", "label", "type", "scope", "dangling");
            string? shape = parsed.GetValue(quiet) ? "{{.ID}}" : parsed.GetValue(format);
            Listing listing = new(shape, NetworkDocument.Table, NetworkDocument.Headings);
            IEnumerable<NetworkInfo> networks = Engine().ListNetworks().Where(network => IsWanted(network, filters));
            output.Standard.Write(listing.Write(networks.Select(network => NetworkDocument.Row(network, parsed.GetValue(whole)))));
            return ExitCode.Success;
        });
        return command;
    }

    private static bool IsWanted(NetworkInfo network, Filters filters)
        => filters.Match("name", value => network.Name.Contains(value, StringComparison.Ordinal))
            && filters.Match("id", value => network.Id.StartsWith(value, StringComparison.Ordinal))
            && filters.Match("driver", value => network.Driver == value)
            && filters.Match("type", value => value == (network.IsPredefined ? "builtin" : "custom"))
            && filters.Match("scope", value => value == "local")
            && filters.MatchLabels(network.Labels)
            && filters.Match("dangling", value => Truth.Of(value, "dangling") == (!network.IsPredefined && network.Endpoints.IsEmpty));

    private static Command Inspect(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.Id}}'", HelpName = "FORMAT" };
        Option<bool> verbose = new("--verbose", "-v") { Description = "As without: all is told always" };
        Argument<string[]> names = Names();
        Command command = new("inspect", "Tell all about networks, in JSON") { format, verbose, names };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = Engine();
            return new Inspection(parsed.GetValue(format), output).Write(parsed.GetValue(names)!, name => NetworkDocument.Of(engine.FindNetwork(name), engine));
        });
        return command;
    }

    private static Command Remove(Output output)
    {
        Option<bool> force = new("--force", "-f") { Description = "A network that is not there is no failure" };
        Argument<string[]> names = Names();
        Command command = new("rm", "Remove networks that no container has") { force, names };
        command.Aliases.Add("remove");
        command.SetAction(parsed =>
        {
            ContainerEngine engine = Engine();
            return Containers.Each(parsed.GetValue(names), output, name =>
            {
                try
                {
                    engine.RemoveNetwork(name);
                }
                catch (EngineException missing) when (missing.Kind == FailureKind.NotFound && parsed.GetValue(force))
                {
                    // As asked.
                }
            });
        });
        return command;
    }

    private static Command Prune(Output output)
    {
        Option<bool> force = new("--force", "-f") { Description = "Do not ask" };
        Option<string[]> filter = new("--filter") { Description = "Only some: label, label!, until", HelpName = "NAME=VALUE" };
        Command command = new("prune", "Remove all networks that no container has") { force, filter };
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "label", "label!", "until");
            if (!parsed.GetValue(force) && !Question.Ask(output, "WARNING! This will remove all custom networks not used by at least one container."))
            {
                return ExitCode.Success;
            }

            List<string> removed = Pruned(Engine(), filters);
            output.Standard.Write(removed.Count > 0 ? $"Deleted Networks:\n{string.Join('\n', removed)}\n\n" : "");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Removes networks that no container has, and says which.</summary>
    public static List<string> Pruned(ContainerEngine engine, Filters filters)
    {
        DateTimeOffset? until = filters.Values("until").Select(text => (DateTimeOffset?)Moment.Parse(text, TimeProvider.System.GetUtcNow(), "--filter until")).FirstOrDefault();
        List<string> removed = [];
        foreach (NetworkInfo network in engine.ListUnusedNetworks().Where(network => filters.MatchLabels(network.Labels)
            && !filters.Values("label!").Any(label => Filters.HasLabel(network.Labels, label)) && (until is null || network.Created < until)))
        {
            try
            {
                engine.RemoveNetwork(network.Id);
            }
            catch (EngineException changed) when (changed.Kind is FailureKind.NotFound or FailureKind.Conflict)
            {
                continue;
            }

            removed.Add(network.Name);
        }

        return removed;
    }

    private static Command Connect()
    {
        Option<string> ip = new("--ip") { Description = "Its IPv4 address in the network", HelpName = "ADDRESS" };
        Option<string> ip6 = new("--ip6") { Description = "Its IPv6 address in the network", HelpName = "ADDRESS" };
        Option<string[]> alias = Texts("--alias", "NAME", "Another name by which it is found there");
        Option<int> priority = new("--gw-priority") { Description = "Of several networks the one with the highest has the default route", HelpName = "NUMBER" };
        Argument<string> network = new("NETWORK") { Description = "The network's name or id" };
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Command command = new("connect", "Connect a container to one more network") { ip, ip6, alias, priority, network, container };
        command.SetAction(parsed =>
        {
            Engine().ConnectNetwork(parsed.GetValue(container)!, new EndpointRequest(parsed.GetValue(network)!)
            {
                Aliases = [.. parsed.GetValue(alias) ?? []],
                Address4 = parsed.GetValue(ip) is string four ? NetworkingReader.ReadAddress(four, AddressFamily.InterNetwork, "--ip") : null,
                Address6 = parsed.GetValue(ip6) is string six ? NetworkingReader.ReadAddress(six, AddressFamily.InterNetworkV6, "--ip6") : null,
                GatewayPriority = parsed.GetValue(priority),
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Disconnect()
    {
        Option<bool> force = new("--force", "-f") { Description = "Also a container that is not there" };
        Argument<string> network = new("NETWORK") { Description = "The network's name or id" };
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Command command = new("disconnect", "Disconnect a container from a network") { force, network, container };
        command.SetAction(parsed =>
        {
            Engine().DisconnectNetwork(parsed.GetValue(network)!, parsed.GetValue(container)!, parsed.GetValue(force));
            return ExitCode.Success;
        });
        return command;
    }

    private static ImmutableSortedDictionary<string, string> Pairs(string[]? texts)
        => (texts ?? []).Select(text => text.Split('=', 2)).GroupBy(parts => parts[0])
            .ToImmutableSortedDictionary(parts => parts.Key, parts => parts.Last() is { Length: 2 } pair ? pair[1] : "", StringComparer.Ordinal);

    private static Option<string[]> Texts(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Argument<string[]> Names() => new("NETWORK") { Description = "Names or ids", Arity = ArgumentArity.OneOrMore };

    private static ContainerEngine Engine() => ContainerEngine.Open(new EngineOptions());
}
