using System.Diagnostics;
using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>
/// Three machines, and cdock on the last: what it makes of interfaces and rules goes with that.
/// <code>
///  client 198.51.100.2 ── 198.51.100.1 router 192.0.2.1 ── 192.0.2.2 host ── bridges ── containers
///         fd00:c::2       fd00:c::1           fd00:d::1    fd00:d::2
/// </code>
/// The client and the router know no way to the containers' own addresses, unless a test tells them.
/// </summary>
public sealed class Site : IDisposable
{
    public const string ClientAddress = "198.51.100.2";
    public const string ClientAddress6 = "fd00:c::2";
    public const string RouterAddress = "192.0.2.1";
    public const string HostAddress = "192.0.2.2";
    public const string HostAddress6 = "fd00:d::2";

    private readonly List<string> _names = [];
    private readonly string _mark = $"cdock-{Environment.ProcessId}-{Random.Shared.Next(1_000_000)}";

    /// <param name="wrap">A program that starts cdock, with its own words.</param>
    public Site(params string[] wrap)
    {
        Needs.Root();
        Array.ForEach(["ip", "nft", "nsenter", "sqlite3", "getent"], Needs.Program);
        try
        {
            Client = Machine("client");
            Router = Machine("router");
            Host = Machine("host");
            Router.Ip(
                $"link add client type veth peer name eth0 netns {_names[0]}", $"link add host type veth peer name eth0 netns {_names[2]}",
                "addr add 198.51.100.1/24 dev client", "addr add 192.0.2.1/24 dev host", "addr add fd00:c::1/64 dev client nodad", "addr add fd00:d::1/64 dev host nodad",
                "link set client up", "link set host up");
            Router.Program("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
            Client.Ip("addr add 198.51.100.2/24 dev eth0", "addr add fd00:c::2/64 dev eth0 nodad", "link set eth0 up", "route add default via 198.51.100.1", "route add ::/0 via fd00:c::1");
            Host.Ip("addr add 192.0.2.2/24 dev eth0", "addr add fd00:d::2/64 dev eth0 nodad", "link set eth0 up", "route add default via 192.0.2.1", "route add ::/0 via fd00:d::1");
        }
        catch
        {
            RemoveMachines();
            throw;
        }

        Cdock = new Cdock([.. Host.Prefix, .. wrap]);
    }

    public NetworkPlace Client { get; }

    public NetworkPlace Router { get; }

    public NetworkPlace Host { get; }

    public Cdock Cdock { get; }

    /// <summary>A container that sleeps; its id.</summary>
    public string Start(string name, params string[] flags) => Cdock.Ok(["run", "-d", "--name", name, "--runtime", Cdock.Runtime, .. flags, "host", "sleep", "1000000"]);

    /// <summary>A container that sleeps, and answers at a port of TCP and one of UDP.</summary>
    public NetworkPlace Server(string name, int port, params string[] flags)
    {
        Start(name, flags);
        NetworkPlace place = Inside(name);
        place.Serve(ProtocolType.Tcp, port);
        place.Serve(ProtocolType.Udp, port);
        return place;
    }

    /// <summary>What a container sees, by its first process: no longer than that lives.</summary>
    public NetworkPlace Inside(string name) => new($"/proc/{Inspect(name, "{{.State.Pid}}")}/ns/net");

    public string Inspect(string name, string format) => Cdock.Ok("inspect", "-f", format, name);

    /// <summary>A container's address in a network.</summary>
    public string Address(string name, string network = "bridge") => Inspect(name, $"{{{{(index .NetworkSettings.Networks \"{network}\").IPAddress}}}}");

    public string Address6(string name, string network) => Inspect(name, $"{{{{(index .NetworkSettings.Networks \"{network}\").GlobalIPv6Address}}}}");

    /// <summary>The addresses of a name, as a container finds them; empty when it finds none.</summary>
    public string Find(string container, string name, string family = "ahostsv4")
        => string.Join(' ', Cdock.Do("exec", container, "getent", family, name).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)[0]).Distinct());

    /// <summary>What a container's end must not leave: ends of veth pairs, ports that lead nowhere, names, rows.</summary>
    public string[] Left() => [.. Ends(), .. Kept()];

    /// <summary>Asserts that no container has left anything. Of a namespace whose last process is gone the kernel takes the interfaces a while later.</summary>
    public void NothingIsLeft()
    {
        Assert.Equal([], Kept());
        Cdock.Until(() => Ends().Length == 0, "no end of a veth pair is left");
    }

    private string[] Ends()
        => [.. Host.Program("ip", "-o", "link", "show", "type", "veth").Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains(": eth0@", StringComparison.Ordinal))];

    private string[] Kept() =>
    [
        .. Elements(),
        .. Directory.Exists(Path.Join(Cdock.Root, "networks"))
            ? Directory.GetFiles(Path.Join(Cdock.Root, "networks"), "names", SearchOption.AllDirectories).SelectMany(File.ReadLines).Select(line => "name: " + line) : [],
        .. File.Exists(Path.Join(Cdock.Root, "cdock.db"))
            ? Tables().Select(table => (table, Count: Rows($"SELECT count(*) FROM {table}"))).Where(one => one.Count != "0").Select(one => $"{one.Count} rows of {one.table}") : [],
    ];

    /// <summary>Elements of the maps that lead ports to containers.</summary>
    public string[] Elements()
    {
        string rules = Host.Program("nft", "list", "ruleset");
        return [.. rules.Split(['\n', ',']).Where(line => line.Contains(" : ", StringComparison.Ordinal) && line.Contains(" . ", StringComparison.Ordinal)
            && !line.TrimStart().StartsWith("type ", StringComparison.Ordinal)).Select(line => line.Replace("elements = {", "", StringComparison.Ordinal).Trim(' ', '\t', ',', '}'))];
    }

    public string Rows(string query)
    {
        using Process process = Process.Start(new ProcessStartInfo("sqlite3", ["-cmd", ".timeout 10000", Path.Join(Cdock.Root, "cdock.db"), query]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return Cdock.Finish(process).Output.Trim();
    }

    public void Dispose()
    {
        try
        {
            // What the engine's own end must not leave is looked for where it can still be seen.
            foreach (string id in Cdock.Ids())
            {
                Cdock.Do("rm", "-f", id);
            }

            NothingIsLeft();
        }
        finally
        {
            Array.ForEach([Client, Router, Host], machine => machine.Dispose());
            Cdock.Dispose();
            RemoveMachines();
        }
    }

    private static string[] Tables() => ["endpoints", "ports"];

    private NetworkPlace Machine(string name)
    {
        string whole = $"{_mark}-{name}";
        using Process process = Process.Start("ip", ["netns", "add", whole]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        _names.Add(whole);
        NetworkPlace place = new("/run/netns/" + whole);
        place.Ip("link set lo up");
        return place;
    }

    private void RemoveMachines()
    {
        foreach (string name in _names)
        {
            using Process process = Process.Start("ip", ["netns", "delete", name]);
            process.WaitForExit();
        }
    }
}
