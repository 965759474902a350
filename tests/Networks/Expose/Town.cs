using System.Net;

namespace Containerception.Networks.Tests;

/// <summary>
/// <code>
///  outside 192.0.2.2 ── 192.0.2.1 host ── bridge one 10.91.0.1 ── first 10.91.0.2, second 10.91.0.3
///          fd90::2       fd90::1       │                fd91::1         fd91::2           fd91::3
///                                      └─ bridge two 10.92.0.1 ── other 10.92.0.2
///                                                       fd92::1         fd92::2
/// </code>
/// Outside has a route to the containers' addresses, as a neighbour with ill intent would.
/// </summary>
public sealed class Town : IDisposable
{
    private readonly List<Machine> _machines = [];

    public Town()
    {
        Needs.Root();
        Needs.Program("ip");
        Needs.Program("nft");
        Needs.Program("busybox");
        Host = Add("host");
        Outside = Add("outside");
        First = Add("first");
        Second = Add("second");
        Other = Add("other");
        try
        {
            Host.Ip("link add up0 type veth peer name eth0 netns " + Outside.Name, "addr add 192.0.2.1/24 dev up0", "addr add fd90::1/64 dev up0 nodad", "link set up0 up");
            Outside.Ip("addr add 192.0.2.2/24 dev eth0", "addr add fd90::2/64 dev eth0 nodad", "link set eth0 up", "route add 10.0.0.0/8 via 192.0.2.1",
                "route add fd91::/64 via fd90::1", "route add fd92::/64 via fd90::1");
            Bridge("one", "91");
            Bridge("two", "92");
            Connect(First, "one", "91", "2");
            Connect(Second, "one", "91", "3");
            Connect(Other, "two", "92", "2");
            Host.Program("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.one.route_localnet=1", "net.ipv4.conf.two.route_localnet=1").Succeeded();

            // By IPv6 the first packet between machines that have just been connected may wait a second for its neighbour.
            foreach (Machine machine in (Machine[])[First, Second, Other])
            {
                machine.Program("busybox", "ping", "-6", "-c", "1", "-W", "10", "fd90::2").Succeeded();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal Machine Host { get; }

    internal Machine Outside { get; }

    internal Machine First { get; }

    internal Machine Second { get; }

    internal Machine Other { get; }

    internal static BridgeRules One { get; } = new() { Bridge = "one", Subnets = [IPNetwork.Parse("10.91.0.0/24"), IPNetwork.Parse("fd91::/64")] };

    internal static BridgeRules Two { get; } = new() { Bridge = "two", Subnets = [IPNetwork.Parse("10.92.0.0/24"), IPNetwork.Parse("fd92::/64")] };

    public void Dispose() => _machines.ForEach(static machine => machine.Dispose());

    private Machine Add(string name)
    {
        Machine machine = new(name);
        _machines.Add(machine);
        return machine;
    }

    private void Bridge(string name, string number)
        => Host.Ip($"link add {name} type bridge", $"addr add 10.{number}.0.1/24 dev {name}", $"addr add fd{number}::1/64 dev {name} nodad", $"link set {name} up");

    private void Connect(Machine machine, string bridge, string number, string last)
    {
        // Hairpin mode: where br_netfilter is, it leads a packet of a container to that container itself before it has left the bridge.
        Host.Ip($"link add {bridge}{last} type veth peer name eth0 netns {machine.Name}", $"link set {bridge}{last} master {bridge} up", $"link set {bridge}{last} type bridge_slave hairpin on");
        machine.Ip($"addr add 10.{number}.0.{last}/24 dev eth0", $"addr add fd{number}::{last}/64 dev eth0 nodad", "link set eth0 up",
            $"route add default via 10.{number}.0.1", $"route add ::/0 via fd{number}::1");
    }
}
