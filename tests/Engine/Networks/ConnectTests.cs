using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>One container in several networks, from its start or while it runs.</summary>
public sealed class ConnectTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void A_container_of_two_networks_is_in_both()
    {
        _site.Cdock.Ok("network", "create", "north");
        _site.Cdock.Ok("network", "create", "south");
        using NetworkPlace both = _site.Server("both", 80, "--network", "south", "--network", "north", "-p", "8080:80");
        _site.Start("northern", "--network", "north");
        _site.Start("southern", "--network", "south");
        using NetworkPlace northern = _site.Inside("northern");
        using NetworkPlace southern = _site.Inside("southern");

        Assert.Equal(["eth0", "eth1", "lo"], both.Interfaces());
        Assert.Contains(_site.Address("both", "south") + "/", both.Program("ip", "-o", "-4", "addr", "show", "eth0"), StringComparison.Ordinal);
        Assert.Equal(_site.Address("northern", "north"), northern.Ask(ProtocolType.Tcp, _site.Address("both", "north"), 80));
        Assert.Equal(_site.Address("southern", "south"), southern.Ask(ProtocolType.Tcp, _site.Address("both", "south"), 80));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Equal("north south", string.Join(' ', _site.Inspect("both", "{{range $name, $one := .NetworkSettings.Networks}}{{$name}} {{end}}").Trim().Split(' ')));
    }

    [Fact]
    public void The_default_route_is_the_first_names_or_that_of_the_highest_priority()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/24", "north");
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.2.0/24", "south");
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.3.0/24", "--internal", "cellar");
        _site.Start("one", "--network", "south", "--network", "north", "--network", "cellar");
        _site.Start("two", "--network", "name=south,gw-priority=1", "--network", "north");
        _site.Start("three", "--network", "cellar");

        Assert.Equal("172.30.1.1", Gateway("one"));
        Assert.Equal("172.30.2.1", Gateway("two"));
        Assert.Equal("", Gateway("three"));
        _site.Cdock.Ok("network", "connect", "--gw-priority", "2", "north", "three");
        Assert.Equal("172.30.1.1", Gateway("three"));
        _site.Cdock.Ok("network", "connect", "--gw-priority", "3", "south", "three");
        Assert.Equal("172.30.2.1", Gateway("three"));
        _site.Cdock.Ok("network", "disconnect", "south", "three");
        Assert.Equal("172.30.1.1", Gateway("three"));
        _site.Cdock.Ok("network", "disconnect", "north", "three");
        Assert.Equal("", Gateway("three"));
        _site.Cdock.Ok("network", "disconnect", "north", "one");
        Assert.Equal("172.30.2.1", Gateway("one"));
    }

    [Fact]
    public void Networks_come_and_go_while_it_runs()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "--subnet", "172.30.1.0/24", "town");
        _site.Start("neighbour", "--network", "town");
        using NetworkPlace late = _site.Server("late", 80, "-p", "8080:80");
        using NetworkPlace neighbour = _site.Inside("neighbour");

        _site.Cdock.Ok("network", "connect", "--ip", "172.30.1.77", "town", "late");
        Assert.Equal(["eth0", "eth1", "lo"], late.Interfaces());
        Assert.Equal("172.30.1.77", _site.Address("late", "town"));
        Assert.Equal(_site.Address("neighbour", "town"), neighbour.Ask(ProtocolType.Tcp, "172.30.1.77", 80));
        Assert.Equal(_site.Address6("neighbour", "town"), neighbour.Ask(ProtocolType.Tcp, _site.Address6("late", "town"), 80));
        Outcome twice = _site.Cdock.Do("network", "connect", "town", "late");
        Assert.Equal((1, "cdock: endpoint with name late already exists in network town"), (twice.ExitCode, twice.FirstError));

        _site.Cdock.Ok("network", "disconnect", "town", "late");
        Assert.Equal(["eth0", "lo"], late.Interfaces());
        Assert.True(neighbour.HearsNothing(ProtocolType.Tcp, "172.30.1.77", 80));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Outcome never = _site.Cdock.Do("network", "disconnect", "town", "late");
        Assert.Equal((1, "cdock: container late is not connected to network town"), (never.ExitCode, never.FirstError));

        // Also one that does not run, which finds the network at its start.
        _site.Cdock.Ok("stop", "-t", "0", "late");
        _site.Cdock.Ok("network", "connect", "--ip", "172.30.1.78", "town", "late");
        late.Close();
        _site.Cdock.Ok("start", "late");
        using NetworkPlace again = _site.Inside("late");
        again.Serve(ProtocolType.Tcp, 80);
        Assert.Equal(_site.Address("neighbour", "town"), neighbour.Ask(ProtocolType.Tcp, "172.30.1.78", 80));
    }

    [Fact]
    public void A_port_leads_on_when_the_network_that_it_led_by_is_left()
    {
        _site.Cdock.Ok("network", "create", "town");
        using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80");
        _site.Cdock.Ok("network", "connect", "town", "web");
        _site.Cdock.Ok("network", "disconnect", "bridge", "web");

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));

        // Without any network it leads nowhere: the next one may have that address.
        _site.Cdock.Ok("network", "disconnect", "town", "web");
        Assert.Equal([], _site.Elements());
        _site.Host.Serve(ProtocolType.Tcp, 8080, "0.0.0.0");
        _site.Host.Close();
        _site.Cdock.Ok("network", "connect", "bridge", "web");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
    }

    [Fact]
    public void A_port_leads_where_the_default_route_is()
    {
        // A strict host drops an answer that comes by another way than the question went.
        _site.Host.Program("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
        _site.Cdock.Ok("network", "create", "south");
        _site.Cdock.Ok("network", "create", "north");
        using NetworkPlace web = _site.Server("web", 80, "--network", "south", "--network", "north", "-p", "8080:80");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        _site.Cdock.Ok("network", "create", "east");
        _site.Cdock.Ok("network", "connect", "east", "web");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        _site.Cdock.Ok("network", "disconnect", "east", "web");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
    }

    [Fact]
    public void A_container_without_a_network_of_its_own_gets_none()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("alone", "--network", "none");
        _site.Start("open", "--network", "host");
        _site.Start("web");
        _site.Start("guest", "--network", "container:web");

        foreach (string name in new[] { "alone", "open", "guest" })
        {
            Assert.Equal(1, _site.Cdock.Do("network", "connect", "town", name).ExitCode);
        }

        Assert.Contains("sharing network namespace with another container", _site.Cdock.Do("network", "connect", "town", "guest").FirstError, StringComparison.Ordinal);
        Assert.Equal(1, _site.Cdock.Do("network", "connect", "host", "web").ExitCode);
        Assert.Equal(1, _site.Cdock.Do("network", "connect", "nowhere", "web").ExitCode);
        Assert.Equal(1, _site.Cdock.Do("network", "connect", "town", "nobody").ExitCode);
        Assert.Equal(1, _site.Cdock.Do("network", "disconnect", "town", "nobody").ExitCode);
    }

    public void Dispose() => _site.Dispose();

    private string Gateway(string name)
    {
        using NetworkPlace inside = _site.Inside(name);
        string[] words = inside.Program("ip", "-4", "route", "show", "default").Split(' ');
        return words.Length > 2 ? words[2] : "";
    }
}
