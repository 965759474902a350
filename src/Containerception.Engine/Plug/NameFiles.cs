using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>
/// What names mean in a container: its /etc/hosts and /etc/resolv.conf, what its supervisor answers questions from, and for each network the
/// names of those that are in it. A file that somebody reads meanwhile is replaced whole.
/// </summary>
internal sealed class NameFiles(string root)
{
    /// <summary>Where a supervisor is asked, in the container: docker's address.</summary>
    public static readonly IPAddress Resolver = IPAddress.Parse("127.0.0.11");

    private const string HostGateway = "host-gateway";
    private const int ShortIdLength = 12;
    private const int HostFileBytesMax = 1 << 20;
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // What docker asks when the host knows no resolver that a container could reach.
    private static readonly ImmutableArray<string> Fallback = ["8.8.8.8", "8.8.4.4"];

    private readonly string _networks = Path.Join(root, "networks");

    /// <summary>Writes who is in a network: a line of hosts(5) for each address.</summary>
    /// <param name="network">Its id.</param>
    /// <param name="endpoints">Those that run, with the containers' names.</param>
    public void WriteNetwork(string network, IEnumerable<(EndpointDefinition Endpoint, string Name)> endpoints)
    {
        StringBuilder text = new();
        foreach ((EndpointDefinition endpoint, string name) in endpoints)
        {
            string names = string.Join(' ', [name, .. endpoint.Aliases, endpoint.Container[..ShortIdLength]]);
            foreach (string address in new[] { endpoint.Address4, endpoint.Address6 }.OfType<string>())
            {
                text.Append(CultureInfo.InvariantCulture, $"{address} {names}\n");
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(NetworkFile(network))!, DirectoryMode);
        Replace(NetworkFile(network), text.ToString());
    }

    /// <summary>A network is gone.</summary>
    public void RemoveNetwork(string network)
    {
        string directory = Path.GetDirectoryName(NetworkFile(network))!;
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Writes where a container's supervisor finds names, and whom it asks for others.</summary>
    public void WriteDns(string directory, NetworkingDefinition networking, IReadOnlyList<NetworkDefinition> networks)
    {
        DnsNames names = new()
        {
            Networks = [.. networks.Where(network => network.HasNames).Select(network => NetworkFile(network.Id))],
            Servers = networking.Dns.IsEmpty ? HostResolvers("/etc/resolv.conf") : networking.Dns,

            // Who may not reach the outside must not reach it by asking for names either (CVE-2024-29018).
            Forward = networks.Any(network => !network.IsInternal),
        };
        Replace(Path.Join(directory, DnsNames.FileName), Encoding.UTF8.GetString(names.ToJson()));
    }

    /// <summary>Whether names of other containers are looked for, by the supervisor.</summary>
    public static bool HasNames(IEnumerable<NetworkDefinition> networks) => networks.Any(network => network.HasNames);

    /// <summary>resolv.conf(5) of a container.</summary>
    public static string ResolvConf(NetworkingDefinition networking, bool hasNames)
    {
        ImmutableArray<string> servers = hasNames ? [Resolver.ToString()] : networking.Dns.IsEmpty ? ReachableResolvers() : networking.Dns;
        return ResolvConf(servers, networking.DnsSearch, networking.DnsOptions, hasNames);
    }

    /// <summary>The same of a container that is not connected: the host's, but for what was asked for.</summary>
    public static string ResolvConf(NetworkingRequest networking)
        => ResolvConf(networking.Dns.IsEmpty ? HostResolvers("/etc/resolv.conf") : networking.Dns, networking.DnsSearch, networking.DnsOptions, hasNames: false);

    private static string ResolvConf(ImmutableArray<string> servers, ImmutableArray<string> searchAsked, ImmutableArray<string> optionsAsked, bool hasNames)
    {
        string[] host = HostLines("/etc/resolv.conf");
        IEnumerable<string> search = !searchAsked.IsEmpty ? searchAsked.Where(domain => domain != ".") : Values(host, "search");
        IEnumerable<string> options = !optionsAsked.IsEmpty ? optionsAsked : Values(host, "options");
        if (hasNames)
        {
            // Names of containers have no dots: they are asked for as they are.
            options = options.Where(option => !option.StartsWith("ndots:", StringComparison.Ordinal) || !optionsAsked.IsEmpty).Append("ndots:0").DistinctBy(option => option.Split(':')[0]);
        }

        StringBuilder text = new();
        foreach (string server in servers)
        {
            text.Append(CultureInfo.InvariantCulture, $"nameserver {server}\n");
        }

        Line(text, "search", search);
        Line(text, "options", options);
        return text.ToString();
    }

    /// <summary>The lines of /etc/hosts that are the container's own.</summary>
    public static string Hosts(NetworkingDefinition networking, IReadOnlyList<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        string? gateway = places.Where(place => place.Network.IsBridge).Select(place => place.Network.Pool4?.Gateway).OfType<string>().FirstOrDefault();
        StringBuilder text = new(Hosts(networking.AddHosts, gateway));
        foreach (string address in places.SelectMany(place => new[] { place.Endpoint.Address4, place.Endpoint.Address6 }).OfType<string>())
        {
            text.Append(CultureInfo.InvariantCulture, $"{address}\t{networking.Hostname}\n");
        }

        return text.ToString();
    }

    /// <summary>The lines of /etc/hosts that were asked for.</summary>
    /// <param name="entries">Each as <see cref="SplitHost"/> reads it.</param>
    /// <param name="gateway">The host's address, as the container sees it; null where it sees none.</param>
    public static string Hosts(ImmutableArray<string> entries, string? gateway)
    {
        StringBuilder text = new();
        foreach (string entry in entries)
        {
            (string name, string address) = SplitHost(entry);
            text.Append(CultureInfo.InvariantCulture, $"{(address == HostGateway ? gateway ?? throw NoGateway(entry) : address)}\t{name}\n");
        }

        return text.ToString();
    }

    /// <summary>Reads <c>NAME:ADDRESS</c> or <c>NAME=ADDRESS</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static (string Name, string Address) SplitHost(string entry)
    {
        int separator = entry.IndexOfAny(['=', ':']);
        string address = separator > 0 ? entry[(separator + 1)..].Trim('[', ']') : "";
        return separator > 0 && !entry[..separator].Any(char.IsWhiteSpace) && (address == HostGateway || AddressText.TryParse(address, out _))
            ? (entry[..separator], address)
            : throw EngineException.Invalid($"invalid value \"{entry}\" for --add-host: bad format for add-host", "use NAME:ADDRESS, or NAME:host-gateway");
    }

    // Those on the host's loopback cannot be reached from a namespace of its own: behind systemd's are the real ones.
    private static ImmutableArray<string> ReachableResolvers()
    {
        foreach (string path in new[] { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" })
        {
            ImmutableArray<string> reachable = [.. Values(HostLines(path), "nameserver").Where(text => IPAddress.TryParse(text, out IPAddress? address) && !IPAddress.IsLoopback(address))];
            if (!reachable.IsEmpty)
            {
                return reachable;
            }
        }

        return Fallback;
    }

    private static EngineException NoGateway(string entry)
        => EngineException.Invalid($"--add-host {entry}: the container's networks have no gateway", "connect it to a bridge");

    private string NetworkFile(string network) => Path.Join(_networks, network, "names");

    private static void Line(StringBuilder text, string word, IEnumerable<string> values)
    {
        string all = string.Join(' ', values);
        if (all.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{word} {all}\n");
        }
    }

    // The supervisor asks from the host's namespace, where its loopback can be reached.
    private static ImmutableArray<string> HostResolvers(string path) => [.. Values(HostLines(path), "nameserver")];

    private static IEnumerable<string> Values(string[] lines, string word)
        => lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1 && words[0] == word)
            .SelectMany(words => words.Skip(1));

    private static string[] HostLines(string path)
    {
        try
        {
            FileInfo file = new(path);
            return (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file) is { Exists: true, Length: <= HostFileBytesMax } ? File.ReadAllLines(path) : [];
        }
        catch (IOException)
        {
            // A link that leads nowhere: no resolver has been set up yet.
            return [];
        }
    }

    private static void Replace(string path, string text)
    {
        string next = path + ".next";
        File.WriteAllText(next, text);
        Files.FchmodAt(Descriptor.WorkingDirectory, next, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(next, path, overwrite: true);
    }
}
