using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Who reaches whom, and whose rules are left alone.</summary>
public sealed class IsolationTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void Networks_do_not_reach_each_other_nor_does_a_neighbour_of_the_host()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "--subnet", "172.30.1.0/24", "--subnet", "fd00:1::/64", "one");
        _site.Cdock.Ok("network", "create", "--ipv6", "--subnet", "172.30.2.0/24", "--subnet", "fd00:2::/64", "two");
        _site.Router.Ip("route add 172.16.0.0/12 via 192.0.2.2", "route add fd00:1::/64 via fd00:d::2");
        using NetworkPlace web = _site.Server("web", 80, "--network", "one", "-p", "8080:81");
        using NetworkPlace plain = _site.Server("plain", 80);
        _site.Start("friend", "--network", "one");
        _site.Start("stranger", "--network", "two");
        using NetworkPlace friend = _site.Inside("friend");
        using NetworkPlace stranger = _site.Inside("stranger");
        string address = _site.Address("web", "one");
        string address6 = _site.Address6("web", "one");

        Assert.Equal(_site.Address("friend", "one"), friend.Ask(ProtocolType.Tcp, address, 80));
        Assert.Equal(_site.Address6("friend", "one"), friend.Ask(ProtocolType.Udp, address6, 80));
        Assert.NotNull(_site.Host.Ask(ProtocolType.Tcp, address, 80));
        foreach (ProtocolType protocol in new[] { ProtocolType.Tcp, ProtocolType.Udp })
        {
            Assert.True(stranger.HearsNothing(protocol, address, 80));
            Assert.True(stranger.HearsNothing(protocol, address6, 80));
            Assert.True(stranger.HearsNothing(protocol, _site.Address("plain"), 80));
            Assert.True(plain.HearsNothing(protocol, address, 80));
            Assert.True(_site.Client.HearsNothing(protocol, address, 80));
            Assert.True(_site.Client.HearsNothing(protocol, address6, 80));
            Assert.True(_site.Client.HearsNothing(protocol, _site.Address("plain"), 80));
        }
    }

    [Fact]
    public void An_internal_network_reaches_nothing_outside_and_is_reached_by_nothing()
    {
        _site.Cdock.Ok("network", "create", "--internal", "--ipv6", "cellar");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        _site.Client.Serve(ProtocolType.Udp, 9000);
        using NetworkPlace one = _site.Server("one", 80, "--network", "cellar");
        _site.Start("two", "--network", "cellar");
        using NetworkPlace two = _site.Inside("two");
        using NetworkPlace plain = _site.Server("plain", 80, "-p", "8080:80");

        Assert.Equal(_site.Address("two", "cellar"), two.Ask(ProtocolType.Tcp, _site.Address("one", "cellar"), 80));
        Assert.Equal(_site.Address("one", "cellar"), _site.Find("two", "one"));
        Assert.True(one.HearsNothing(ProtocolType.Tcp, Site.ClientAddress, 9000));

        // Not even when the container makes itself a route.
        string gateway = _site.Cdock.Ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "cellar");
        one.Ip($"route add default via {gateway}");
        Assert.True(one.HearsNothing(ProtocolType.Tcp, Site.ClientAddress, 9000));
        Assert.True(one.HearsNothing(ProtocolType.Udp, Site.ClientAddress, 9000));
        Assert.True(one.HearsNothing(ProtocolType.Tcp, _site.Address("plain"), 80));
        Assert.True(plain.HearsNothing(ProtocolType.Tcp, _site.Address("one", "cellar"), 80));
    }

    [Fact]
    public void No_port_is_a_way_into_an_internal_network_or_out_of_it()
    {
        _site.Cdock.Ok("network", "create", "--internal", "--ipv6", "cellar");
        _site.Cdock.Ok("network", "create", "--internal", "pit");
        using NetworkPlace one = _site.Server("one", 80, "--network", "cellar", "-p", "8081:80", "-p", "8081:80/udp");
        using NetworkPlace two = _site.Server("two", 80, "--network", "pit", "-p", "8082:80", "-p", "8082:80/udp");
        using NetworkPlace plain = _site.Server("plain", 80, "-p", "8080:80", "-p", "8080:80/udp");
        string gateway6 = _site.Cdock.Ok("network", "inspect", "-f", "{{(index .IPAM.Config 1).Gateway}}", "cellar");

        foreach (ProtocolType protocol in new[] { ProtocolType.Tcp, ProtocolType.Udp })
        {
            Assert.NotNull(_site.Client.Ask(protocol, Site.HostAddress6, 8080));
            foreach (int port in new[] { 8081, 8082 })
            {
                Assert.True(_site.Client.HearsNothing(protocol, Site.HostAddress, port));
                Assert.True(_site.Client.HearsNothing(protocol, Site.HostAddress6, port));
            }

            Assert.True(one.HearsNothing(protocol, gateway6, 8080));
        }

        Assert.NotNull(_site.Host.Ask(ProtocolType.Tcp, _site.Address6("one", "cellar"), 80));
        Assert.NotNull(_site.Host.Ask(ProtocolType.Tcp, "::1", 8081));
    }

    [Fact]
    public void Without_icc_containers_of_a_network_do_not_reach_each_other()
    {
        _site.Cdock.Ok("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "--ipv6", "quiet");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        using NetworkPlace one = _site.Server("one", 80, "--network", "quiet", "-p", "8080:80");
        _site.Start("two", "--network", "quiet");
        using NetworkPlace two = _site.Inside("two");

        Assert.True(two.HearsNothing(ProtocolType.Tcp, _site.Address("one", "quiet"), 80));
        Assert.True(two.HearsNothing(ProtocolType.Udp, _site.Address6("one", "quiet"), 80));
        Assert.Equal(Site.HostAddress, two.Ask(ProtocolType.Tcp, Site.ClientAddress, 9000));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
    }

    [Fact]
    public void Rules_that_somebody_flushed_are_there_again_with_the_next_start()
    {
        _site.Cdock.Ok("network", "create", "one");
        _site.Cdock.Ok("network", "create", "two");
        using NetworkPlace web = _site.Server("web", 80, "--network", "one", "-p", "8080:80", "-p", "8080:80/udp");
        string before = Rules();
        _site.Host.Program("nft", "flush", "ruleset");
        Assert.True(_site.Client.HearsNothing(ProtocolType.Tcp, Site.HostAddress, 8080));

        _site.Start("stranger", "--network", "two");
        using NetworkPlace stranger = _site.Inside("stranger");
        Assert.Equal(before, Rules());
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, 8080));
        Assert.True(stranger.HearsNothing(ProtocolType.Tcp, _site.Address("web", "one"), 80));

        // A chain, a rule, a set alone: the same.
        foreach (string[] harm in new string[][] { ["flush", "chain", "inet", _site.Cdock.KernelName, "postrouting"], ["flush", "table", "inet", _site.Cdock.KernelName] })
        {
            _site.Host.Program(["nft", .. harm]);
            _site.Cdock.Ok("restart", "-t", "0", "stranger");
            Assert.Equal(before, Rules());
        }
    }

    [Fact]
    public void What_ends_after_a_flush_ends_all_the_same()
    {
        _site.Start("web", "-p", "8080:80");
        _site.Host.Program("nft", "flush", "ruleset");
        _site.Cdock.Ok("rm", "-f", "web");
        _site.NothingIsLeft();
        _site.Cdock.Ok("network", "create", "town");
        _site.Host.Program("nft", "flush", "ruleset");
        _site.Cdock.Ok("network", "rm", "town");
        _site.Start("web", "-p", "8080:80");
        _site.Host.Program("nft", "flush", "ruleset");
        _site.Cdock.Ok("update", "-p", "8081:81", "web");
        _site.Cdock.Ok("update", "--publish-rm", "80", "web");
        Assert.Equal("81/tcp -> 0.0.0.0:8081\n81/tcp -> [::]:8081", _site.Cdock.Ok("port", "web"));
    }

    [Fact]
    public void A_bridge_that_somebody_removed_is_there_again_with_the_next_start()
    {
        _site.Start("first");
        _site.Cdock.Ok("stop", "-t", "0", "first");
        _site.Host.Ip($"link delete {_site.Cdock.KernelName}");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        _site.Cdock.Ok("start", "first");
        using NetworkPlace first = _site.Inside("first");

        Assert.Equal(Site.HostAddress, first.Ask(ProtocolType.Tcp, Site.ClientAddress, 9000));
    }

    [Fact]
    public void The_rules_of_others_are_left_alone()
    {
        _site.Host.Program("nft", """
            add table inet mine
            add set inet mine ports { type inet_service; elements = { 22, 80 }; }
            add chain inet mine input { type filter hook input priority 0; policy accept; }
            add rule inet mine input tcp dport @ports counter accept
            add table ip nat
            add chain ip nat POSTROUTING { type nat hook postrouting priority 100; }
            """);
        string before = Foreign();
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("web", "--network", "town", "-p", "8080:80");
        _site.Cdock.Ok("update", "-p", "8081:81", "web");
        _site.Cdock.Ok("rm", "-f", "web");
        _site.Cdock.Ok("network", "rm", "town");

        Assert.Equal(before, Foreign());
    }

    public void Dispose() => _site.Dispose();

    private string Rules() => _site.Host.Program("nft", "list", "table", "inet", _site.Cdock.KernelName);

    private string Foreign() => _site.Host.Program("nft", "list", "table", "inet", "mine") + _site.Host.Program("nft", "list", "table", "ip", "nat");
}
