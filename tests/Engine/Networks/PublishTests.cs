using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Ports of the host that lead to containers, from wherever somebody asks.</summary>
public sealed class PublishTests : IDisposable
{
    private readonly Site _site = new();

    [Theory]
    [InlineData(ProtocolType.Tcp)]
    [InlineData(ProtocolType.Udp)]
    public void Who_asks_from_outside_keeps_his_address(ProtocolType protocol)
    {
        using NetworkPlace web = _site.Server("web", 80, "-p", Flag("8080:80", protocol));

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(protocol, Site.HostAddress, 8080));
        Assert.Equal(Site.RouterAddress, _site.Router.Ask(protocol, Site.HostAddress, 8080));
        Assert.True(_site.Client.HearsNothing(protocol, Site.HostAddress, 80));
        Assert.True(_site.Client.HearsNothing(protocol == ProtocolType.Tcp ? ProtocolType.Udp : ProtocolType.Tcp, Site.HostAddress, 8080));
    }

    [Theory]
    [InlineData(ProtocolType.Tcp)]
    [InlineData(ProtocolType.Udp)]
    public void The_host_reaches_it_by_its_own_address_and_its_loopback(ProtocolType protocol)
    {
        using NetworkPlace web = _site.Server("web", 80, "-p", Flag("8080:80", protocol));
        string gateway = _site.Inspect("web", "{{.NetworkSettings.Gateway}}");

        Assert.Equal(Site.HostAddress, _site.Host.Ask(protocol, Site.HostAddress, 8080));
        Assert.Equal(gateway, _site.Host.Ask(protocol, "127.0.0.1", 8080));
        Assert.Equal(gateway, _site.Host.Ask(protocol, gateway, 8080));
    }

    [Theory]
    [InlineData(ProtocolType.Tcp)]
    [InlineData(ProtocolType.Udp)]
    public void Containers_reach_it_by_the_hosts_address_also_its_own(ProtocolType protocol)
    {
        _site.Cdock.Ok("network", "create", "town");
        using NetworkPlace web = _site.Server("web", 80, "-p", Flag("8080:80", protocol));
        _site.Start("neighbour");
        _site.Start("stranger", "--network", "town");
        using NetworkPlace neighbour = _site.Inside("neighbour");
        using NetworkPlace stranger = _site.Inside("stranger");
        string gateway = _site.Inspect("web", "{{.NetworkSettings.Gateway}}");

        foreach (string address in new[] { Site.HostAddress, gateway })
        {
            Assert.NotNull(neighbour.Ask(protocol, address, 8080));
            Assert.NotNull(web.Ask(protocol, address, 8080));
            Assert.NotNull(stranger.Ask(protocol, address, 8080));
        }
    }

    [Fact]
    public void A_range_leads_port_by_port_and_of_a_range_for_one_port_a_free_one_is_taken()
    {
        using NetworkPlace many = _site.Server("many", 9001, "-p", "7000-7003:9000-9003", "-p", "7100-7102:9010");
        many.Serve(ProtocolType.Tcp, 9003);
        using NetworkPlace next = _site.Server("next", 9010, "-p", "7100-7102:9010");

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 7001));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 7003));
        Assert.Equal("0.0.0.0:7100\n[::]:7100", _site.Cdock.Ok("port", "many", "9010"));
        Assert.Equal("0.0.0.0:7101\n[::]:7101", _site.Cdock.Ok("port", "next", "9010"));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 7101));
        Assert.Equal("0.0.0.0:7000-7003->9000-9003/tcp, 0.0.0.0:7100->9010/tcp, [::]:7000-7003->9000-9003/tcp, [::]:7100->9010/tcp", Sorted(_site.Cdock.Ok("ps", "-f", "name=many", "--format", "{{.Ports}}")));
        _site.Start("third", "-p", "7100-7102:9010");
        Outcome full = _site.Cdock.Do("run", "-d", "-p", "7100-7102:9010", "host", "true");
        Assert.Equal((125, "cdock: all ports of 0.0.0.0:7100-7102/tcp are allocated"), (full.ExitCode, full.FirstError));
        Assert.Equal(3, _site.Cdock.Ids().Length);
    }

    [Fact]
    public void Publish_all_gives_what_is_exposed_a_port_of_the_kernels_choice()
    {
        using NetworkPlace web = _site.Server("web", 80, "-P", "--expose", "80", "--expose", "80/udp", "--expose", "90-91", "-p", "8090:90");
        string tcp = _site.Cdock.Ok("port", "web", "80").Split(':')[^1];
        string udp = _site.Cdock.Ok("port", "web", "80/udp").Split(':')[^1];

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, int.Parse(tcp)));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, int.Parse(udp)));
        Assert.Equal("0.0.0.0:8090\n[::]:8090", _site.Cdock.Ok("port", "web", "90"));
        Assert.Equal(8, _site.Cdock.Ok("port", "web").Split('\n').Length);
        _site.Start("closed", "--expose", "80");
        Assert.Equal("80/tcp", _site.Cdock.Ok("ps", "-f", "name=closed", "--format", "{{.Ports}}"));
        Assert.Equal("", _site.Cdock.Ok("port", "closed"));
    }

    [Fact]
    public void A_port_of_one_address_of_the_host_is_that_ones_alone()
    {
        using NetworkPlace outer = _site.Server("outer", 80, "-p", Site.HostAddress + ":8080:80");
        using NetworkPlace inner = _site.Server("inner", 80, "-p", "127.0.0.1:8080:80");
        inner.Close();

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.True(_site.Host.HearsNothing(ProtocolType.Tcp, "127.0.0.1", 8080));
        inner.Serve(ProtocolType.Tcp, 80);
        outer.Close();
        Assert.NotNull(_site.Host.Ask(ProtocolType.Tcp, "127.0.0.1", 8080));
        Assert.True(_site.Client.HearsNothing(ProtocolType.Tcp, Site.HostAddress, 8080));

        // Who sends packets for the loopback of another machine over the wire gets none of it.
        _site.Router.Ip("route add table 100 127.0.0.1/32 via 192.0.2.2", "rule add to 127.0.0.1 lookup 100 pref 0", "rule del pref 0 lookup local", "rule add pref 1 lookup local");
        _site.Router.Program("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
        Assert.True(_site.Router.HearsNothing(ProtocolType.Tcp, "127.0.0.1", 8080));
        Assert.Equal("192.0.2.2:8080", _site.Cdock.Ok("port", "outer", "80"));
    }

    [Theory]
    [InlineData(ProtocolType.Tcp)]
    [InlineData(ProtocolType.Udp)]
    public void IPv6_is_reached_as_IPv4_is(ProtocolType protocol)
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "six");
        using NetworkPlace web = _site.Server("web", 80, "--network", "six", "-p", Flag("8080:80", protocol), "-p", "[" + Site.HostAddress6 + "]:8081:80");
        _site.Start("neighbour", "--network", "six");
        using NetworkPlace neighbour = _site.Inside("neighbour");

        Assert.Equal(Site.ClientAddress6, _site.Client.Ask(protocol, Site.HostAddress6, 8080));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(protocol, Site.HostAddress, 8080));
        Assert.Equal(Site.ClientAddress6, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8081));
        Assert.True(_site.Client.HearsNothing(ProtocolType.Tcp, Site.HostAddress, 8081));
        Assert.Equal(Site.HostAddress6, _site.Host.Ask(protocol, Site.HostAddress6, 8080));
        Assert.NotNull(neighbour.Ask(protocol, Site.HostAddress6, 8080));
        Assert.NotNull(web.Ask(protocol, Site.HostAddress6, 8080));
        Assert.Equal(_site.Address6("neighbour", "six"), neighbour.Ask(protocol, _site.Address6("web", "six"), 80));
    }

    [Fact]
    public void A_container_reaches_the_outside_as_the_host()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "six");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        _site.Client.Serve(ProtocolType.Udp, 9000);
        _site.Start("one");
        _site.Start("two", "--network", "six");
        using NetworkPlace one = _site.Inside("one");
        using NetworkPlace two = _site.Inside("two");

        foreach (ProtocolType protocol in new[] { ProtocolType.Tcp, ProtocolType.Udp })
        {
            Assert.Equal(Site.HostAddress, one.Ask(protocol, Site.ClientAddress, 9000));
            Assert.Equal(Site.HostAddress, two.Ask(protocol, Site.ClientAddress, 9000));
            Assert.Equal(Site.HostAddress6, two.Ask(protocol, Site.ClientAddress6, 9000));
        }

        Assert.Contains(" 0% packet loss", _site.Cdock.Ok("exec", "one", "busybox", "ping", "-c1", "-W5", Site.ClientAddress), StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_without_masquerade_shows_its_own_addresses()
    {
        _site.Cdock.Ok("network", "create", "-o", "com.docker.network.bridge.enable_ip_masquerade=false", "--subnet", "172.30.0.0/24", "plain");
        _site.Router.Ip("route add 172.30.0.0/24 via 192.0.2.2");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        _site.Start("one", "--network", "plain");
        using NetworkPlace one = _site.Inside("one");

        Assert.Equal(_site.Address("one", "plain"), one.Ask(ProtocolType.Tcp, Site.ClientAddress, 9000));
    }

    [Fact]
    public void A_policy_that_starts_it_again_keeps_its_network()
    {
        string id = _site.Cdock.Detached("again", "readlink /proc/self/ns/net; sleep 0.2", "--restart", "always", "-p", "8080:80");
        using NetworkPlace again = _site.Inside("again");
        again.Serve(ProtocolType.Tcp, 80);
        string address = "";
        Cdock.Until(() => (address = _site.Address("again")).Length > 0, "it runs: between two runs it has none");

        Cdock.Until(() => _site.Cdock.Ok("logs", "again").Split('\n').Length > 3, "it was started some times");
        Assert.Single(_site.Cdock.Ok("logs", id).Split('\n').Distinct());
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Cdock.Until(() => _site.Address("again") == address, "it has its address again");
    }

    public void Dispose() => _site.Dispose();

    private static string Flag(string ports, ProtocolType protocol) => ports + (protocol == ProtocolType.Udp ? "/udp" : "");

    private static string Sorted(string list) => string.Join(", ", list.Split(", ").Order(StringComparer.Ordinal));
}
