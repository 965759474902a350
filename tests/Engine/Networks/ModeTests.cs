using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Networks that are no bridge, and the files that tell of names.</summary>
public sealed class ModeTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void None_is_a_loopback_alone_and_host_is_the_hosts()
    {
        _site.Start("alone", "--network", "none");
        _site.Start("open", "--network", "host");
        using NetworkPlace alone = _site.Inside("alone");
        using NetworkPlace open = _site.Inside("open");

        Assert.Equal(["lo"], alone.Interfaces());
        Assert.Equal(_site.Host.Interfaces(), open.Interfaces());
        alone.Serve(ProtocolType.Tcp, 80);
        Assert.Equal("127.0.0.1", alone.Ask(ProtocolType.Tcp, "127.0.0.1", 80));
        open.Serve(ProtocolType.Tcp, 81);
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 81));
        Assert.Equal("none", _site.Inspect("alone", "{{.HostConfig.NetworkMode}}"));
        Assert.Equal("host", _site.Cdock.Ok("ps", "-f", "network=host", "--format", "{{.Networks}}"));
        Assert.Equal(["eth0", "lo"], _site.Host.Interfaces());
    }

    [Fact]
    public void A_container_shares_the_network_of_another()
    {
        _site.Cdock.Ok("network", "create", "town");
        string id = _site.Start("web", "--network", "town", "-p", "8080:80", "--hostname", "shop");
        _site.Start("guest", "--network", "container:web");
        _site.Start("asker", "--network", "town");
        using NetworkPlace guest = _site.Inside("guest");
        guest.Serve(ProtocolType.Tcp, 80);

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Equal(_site.Cdock.Ok("exec", "web", "readlink", "/proc/self/ns/net"), _site.Cdock.Ok("exec", "guest", "readlink", "/proc/self/ns/net"));
        Assert.Equal(_site.Address("asker", "town"), _site.Find("guest", "asker"));
        Assert.Equal(_site.Cdock.Ok("exec", "web", "cat", "/etc/hosts"), _site.Cdock.Ok("exec", "guest", "cat", "/etc/hosts"));
        Assert.Equal("container:" + id, _site.Inspect("guest", "{{.HostConfig.NetworkMode}}"));

        foreach ((string[] flags, string message) in new (string[], string)[]
        {
            (["--network", "container:web", "-p", "81:81"], "conflicting options: port publishing and the container type network mode"),
            (["--network", "container:web", "--hostname", "x"], "conflicting options: hostname and the network mode"),
            (["--network", "container:guest"], "the container guest has no network of its own: it shares another's"),
            (["--network", "container:web", "--add-host", "x:192.0.2.1"], "conflicting options: dns or custom host-to-IP mapping and the network mode"),
            (["--network", "container:nobody"], "no such container: nobody"),
        })
        {
            Outcome outcome = _site.Cdock.Do(["run", "-d", .. flags, "host", "true"]);
            Assert.Equal((125, "cdock: " + message), (outcome.ExitCode, outcome.FirstError));
        }

        _site.Cdock.Ok("stop", "-t", "0", "guest");
        _site.Cdock.Ok("stop", "-t", "0", "web");
        Outcome stopped = _site.Cdock.Do("start", "guest");
        Assert.Equal(1, stopped.ExitCode);
        Assert.Contains("cannot join the network of web, which does not run", stopped.FirstError, StringComparison.Ordinal);
        _site.Cdock.Ok("rm", "web");
        Assert.Contains("whose network this one shares, is gone", _site.Cdock.Do("start", "guest").FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public void A_macvlan_is_a_machine_of_its_own_beside_the_host()
    {
        _site.Cdock.Ok("network", "create", "-d", "macvlan", "-o", "parent=eth0", "--subnet", "192.0.2.0/24", "--gateway", Site.RouterAddress, "--aux-address", "host=" + Site.HostAddress, "street");
        _site.Client.Serve(ProtocolType.Tcp, 9000);
        using NetworkPlace one = _site.Server("one", 80, "--network", "street", "--ip", "192.0.2.50");
        using NetworkPlace two = _site.Server("two", 80, "--network", "street");

        Assert.Equal("192.0.2.50", one.Ask(ProtocolType.Tcp, Site.ClientAddress, 9000));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, "192.0.2.50", 80));
        Assert.Equal(_site.Address("two", "street"), two.Ask(ProtocolType.Tcp, "192.0.2.50", 80));
        Assert.Equal("192.0.2.50", _site.Find("two", "one"));
        Assert.Equal("macvlan", _site.Cdock.Ok("network", "ls", "-f", "name=street", "--format", "{{.Driver}}"));

        // A socket of ours keeps its namespace, and so the hardware address, which the next start wants.
        one.Close();
        _site.Cdock.Ok("restart", "-t", "0", "one");
        Assert.Equal(["eth0", "lo"], _site.Host.Interfaces());
    }

    [Fact]
    public void The_files_tell_what_was_asked_for()
    {
        _site.Start("one", "--add-host", "db:192.0.2.99", "--add-host", "up:host-gateway", "--add-host", "six=[fd00::9]", "--hostname", "shop", "--dns", "192.0.2.53", "--dns-search", "a.example", "--dns-search", "b.example", "--dns-option", "timeout:1");
        string address = _site.Address("one");
        string gateway = _site.Inspect("one", "{{.NetworkSettings.Gateway}}");

        string hosts = _site.Cdock.Ok("exec", "one", "cat", "/etc/hosts");
        Assert.StartsWith("127.0.0.1\tlocalhost\n", hosts, StringComparison.Ordinal);
        Assert.EndsWith($"192.0.2.99\tdb\n{gateway}\tup\nfd00::9\tsix\n{address}\tshop", hosts, StringComparison.Ordinal);
        Assert.Equal("shop shop", _site.Cdock.Ok("exec", "one", "sh", "-c", "echo $(hostname) $(cat /etc/hostname)"));
        Assert.Equal("nameserver 192.0.2.53\nsearch a.example b.example\noptions timeout:1", _site.Cdock.Ok("exec", "one", "cat", "/etc/resolv.conf"));
        Assert.Equal("192.0.2.99", _site.Find("one", "db"));
        Assert.Equal(address, _site.Find("one", "shop"));
        Assert.Equal("[192.0.2.53] [a.example b.example] [timeout:1] [db:192.0.2.99 up:host-gateway six=[fd00::9]]", _site.Inspect("one", "{{.HostConfig.Dns}} {{.HostConfig.DnsSearch}} {{.HostConfig.DnsOptions}} {{.HostConfig.ExtraHosts}}"));

        // And the host is reached there.
        _site.Host.Serve(ProtocolType.Tcp, 9000);
        using NetworkPlace one = _site.Inside("one");
        Assert.Equal(address, one.Ask(ProtocolType.Tcp, gateway, 9000));
        _site.Start("nowhere", "--dns-search", ".", "--dns", "192.0.2.53");
        Assert.Equal("nameserver 192.0.2.53", _site.Cdock.Ok("exec", "nowhere", "cat", "/etc/resolv.conf"));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("host")]
    public void The_files_tell_it_without_a_network_too(string network)
    {
        string told = _site.Cdock.Ok("run", "--rm", "--network", network, "--add-host", "db:192.0.2.99", "--dns", "192.0.2.53", "--dns-search", "a.example", "--dns-option", "timeout:1",
            "host", "sh", "-c", "tail -n1 /etc/hosts; cat /etc/resolv.conf");
        Assert.Equal("192.0.2.99\tdb\nnameserver 192.0.2.53\nsearch a.example\noptions timeout:1", told);
        Outcome up = _site.Cdock.Do("run", "--rm", "--network", network, "--add-host", "up:host-gateway", "host", "tail", "-n1", "/etc/hosts");
        Assert.Equal(network == "host" ? (0, "127.0.0.1\tup\n") : (125, ""), (up.ExitCode, up.Output));
    }

    [Fact]
    public void Where_cdock_may_not_connect_it_says_so()
    {
        string[] bounded = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", Cdock.Program];
        Outcome told = Cdock.Finish(_site.Cdock.Start(bounded[0], [.. bounded[1..], "run", "--rm", "--network", "bridge", "host", "true"]));
        Assert.Equal((125, "cdock: the network bridge needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the network namespace of cdock"), (told.ExitCode, told.FirstError));
    }

    /// <summary>The network belongs to the container's users: its root has rights over it, and over no other.</summary>
    [Fact]
    public void Users_of_ones_own_have_a_network_of_their_own()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Cdock.Ok("network", "create", "hamlet");
        _site.Start("asker", "--network", "town");
        _site.Start("web", "--userns", "auto", "--network", "town", "-p", "8080:80", "--cap-add", "NET_ADMIN");
        for (int round = 0; round < 2; round++)
        {
            using (NetworkPlace web = _site.Inside("web"))
            {
                web.Serve(ProtocolType.Tcp, 80);
                Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
            }

            Assert.Equal((_site.Address("web", "town"), _site.Address("asker", "town")), (_site.Find("asker", "web"), _site.Find("web", "asker")));
            Assert.NotEqual(Exec("asker", "readlink /proc/self/ns/user"), Exec("web", "readlink /proc/self/ns/user"));
            Assert.Equal("0 eth0", Exec("web", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ls /sys/class/net | grep eth"));
            Assert.Equal("", Exec("web", "ip address add 10.9.9.9/32 dev lo"));
            _site.Cdock.Ok("network", "connect", "hamlet", "web");
            Assert.Equal("eth1", Exec("web", "ls /sys/class/net | grep eth1"));
            _site.Cdock.Ok("network", "disconnect", "hamlet", "web");
            _site.Cdock.Ok("restart", "-t", "0", "web");
        }

        string Exec(string name, string command) => _site.Cdock.Ok("exec", name, "sh", "-c", command).Replace('\n', ' ');
    }

    [Fact]
    public void Users_of_ones_own_are_connected_where_nothing_is_said()
        => Assert.Equal("eth0 lo", _site.Cdock.Says("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | xargs", "--userns", "auto"));

    public void Dispose() => _site.Dispose();
}
