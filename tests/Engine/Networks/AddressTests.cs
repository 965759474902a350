using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Addresses: chosen, kept, refused, used up.</summary>
public sealed class AddressTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void A_container_has_the_addresses_that_it_asked_for()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/24", "--subnet", "fd00:1::/64", "--gateway", "172.30.1.254", "town");
        _site.Start("one", "--network", "town", "--ip", "172.30.1.77", "--ip6", "fd00:1::77", "--mac-address", "02:00:00:00:00:77");
        _site.Start("two", "--network", "name=town,ip=172.30.1.78,ip6=fd00:1::78,mac-address=02:00:00:00:00:78");
        _site.Start("any", "--network", "town");

        Assert.Equal("172.30.1.77/24 fd00:1::77/64 02:00:00:00:00:77", Addresses("one"));
        Assert.Equal("172.30.1.78/24 fd00:1::78/64 02:00:00:00:00:78", Addresses("two"));
        Assert.Equal("172.30.1.1/24", Addresses("any").Split(' ')[0]);
        Assert.Equal("172.30.1.254", _site.Inspect("any", "{{(index .NetworkSettings.Networks \"town\").Gateway}}"));
        Assert.Equal("172.30.1.77 24 fd00:1::77 64 02:00:00:00:00:77", _site.Inspect(
            "one", "{{with index .NetworkSettings.Networks \"town\"}}{{.IPAddress}} {{.IPPrefixLen}} {{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}} {{.MacAddress}}{{end}}"));
        Assert.Equal("172.30.1.254", _site.Cdock.Ok("exec", "one", "sh", "-c", "ip route show default | cut -d' ' -f3"));
        Assert.Equal("fd00:1::1", _site.Cdock.Ok("exec", "one", "sh", "-c", "ip -6 route show default | cut -d' ' -f3"));
    }

    [Fact]
    public void Addresses_are_kept_while_the_container_exists()
    {
        _site.Start("one");
        _site.Start("two");
        string before = Addresses("one");
        _site.Cdock.Ok("stop", "-t", "0", "one");
        _site.Start("three");
        Assert.NotEqual(before, Addresses("three"));
        _site.Cdock.Ok("start", "one");
        Assert.Equal(before, Addresses("one"));
        _site.Cdock.Ok("restart", "-t", "0", "one");
        Assert.Equal(before, Addresses("one"));
        Assert.Equal(3, new[] { "one", "two", "three" }.Select(name => _site.Address(name)).Distinct().Count());
    }

    [Fact]
    public void An_address_that_cannot_be_had_is_refused_and_nothing_is_left()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/24", "--aux-address", "printer=172.30.1.9", "town");
        _site.Start("one", "--network", "town", "--ip", "172.30.1.77");

        Refused("the address 172.30.1.77 of the network town is in use", "--network", "town", "--ip", "172.30.1.77");
        Refused("the address 172.30.1.1 of the network town is in use", "--network", "town", "--ip", "172.30.1.1");
        Refused("the address 172.30.1.9 of the network town is in use", "--network", "town", "--ip", "172.30.1.9");
        Refused("the address 172.30.1.255 is no host's: it is the first or the last of 172.30.1.0/24", "--network", "town", "--ip", "172.30.1.255");
        Refused("the address 172.30.2.1 is not in 172.30.1.0/24, the subnet of the network town", "--network", "town", "--ip", "172.30.2.1");
        Refused("the network town has no IPv6: fd00::1 cannot be had", "--network", "town", "--ip6", "fd00::1");
        Refused("network nowhere not found", "--network", "nowhere");
        Refused("network nowhere not found", "--network", "town", "--network", "nowhere");
        Assert.Equal("1", _site.Rows("SELECT count(*) FROM endpoints"));
        _site.Cdock.Ok("stop", "-t", "0", "one");
        Refused("the address 172.30.1.77 of the network town is in use", "--network", "town", "--ip", "172.30.1.77");
        _site.Cdock.Ok("rm", "one");
        _site.Start("one", "--network", "town", "--ip", "172.30.1.77");
    }

    [Fact]
    public void A_network_that_is_full_says_so()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/29", "small");
        for (int i = 0; i < 5; i++)
        {
            _site.Start("c" + i, "--network", "small");
        }

        Refused("the network small has no free IPv4 address left in 172.30.1.0/29", "--network", "small");
        Assert.Equal("5", _site.Rows("SELECT count(*) FROM endpoints"));
        _site.Cdock.Ok("rm", "-f", "c2");
        _site.Start("late", "--network", "small");
        Assert.Equal("172.30.1.4", _site.Address("late", "small"));

        // One that does not run gives its address up to one that does, and gets another when there is one.
        _site.Cdock.Ok("stop", "-t", "0", "c0");
        _site.Start("later", "--network", "small");
        Assert.Equal("172.30.1.2", _site.Address("later", "small"));
        Outcome full = _site.Cdock.Do("start", "c0");
        Assert.Equal((1, "cdock: the network small has no free IPv4 address left in 172.30.1.0/29"), (full.ExitCode, full.FirstError));
        _site.Cdock.Ok("rm", "-f", "c4");
        _site.Cdock.Ok("start", "c0");
        Assert.Equal("172.30.1.6", _site.Address("c0", "small"));
    }

    [Fact]
    public void Of_a_range_alone_addresses_are_given_without_asking()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/24", "--ip-range", "172.30.1.128/30", "--gateway", "172.30.1.1", "town");
        string[] names = ["c1", "c2", "c3", "c4"];
        Array.ForEach(names, name => _site.Start(name, "--network", "town"));

        Assert.Equal(["172.30.1.128", "172.30.1.129", "172.30.1.130", "172.30.1.131"], names.Select(name => _site.Address(name, "town")));
        Refused("the network town has no free IPv4 address left in 172.30.1.128/30", "--network", "town");
        _site.Start("asked", "--network", "town", "--ip", "172.30.1.5");
    }

    [Fact]
    public void The_size_of_packets_is_the_networks()
    {
        _site.Cdock.Ok("network", "create", "-o", "com.docker.network.driver.mtu=1400", "narrow");
        _site.Start("one", "--network", "narrow");

        Assert.Equal("1400", _site.Cdock.Ok("exec", "one", "cat", "/sys/class/net/eth0/mtu"));
        using NetworkPlace one = _site.Inside("one");
        using Socket socket = one.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { DontFragment = true });
        socket.Connect(Site.HostAddress, 9000);
        const int headers = 20 + 8;
        Assert.Equal(1400 - headers, socket.Send(new byte[1400 - headers]));
        Assert.Equal(SocketError.MessageSize, Assert.Throws<SocketException>(() => socket.Send(new byte[1400 - headers + 1])).SocketErrorCode);
    }

    [Fact]
    public void Subnets_that_the_host_has_already_are_not_chosen()
    {
        _site.Host.Ip("link add other0 type bridge", "addr add 172.17.5.1/16 dev other0", "addr add 172.18.0.1/24 dev other0", "link set other0 up", "route add 172.19.0.0/16 dev other0");
        _site.Start("one");
        _site.Cdock.Ok("network", "create", "town");

        Assert.StartsWith("172.20.", _site.Address("one"), StringComparison.Ordinal);
        Assert.Equal("172.21.0.0/16", _site.Cdock.Ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "town"));
    }

    public void Dispose() => _site.Dispose();

    private string Addresses(string name) => _site.Cdock.Ok(
        "exec", name, "sh", "-c", "echo $(ip -o -4 addr show eth0 | tr -s ' ' | cut -d' ' -f4; ip -o -6 addr show eth0 scope global | tr -s ' ' | cut -d' ' -f4; cat /sys/class/net/eth0/address)");

    private void Refused(string message, params string[] flags)
    {
        int before = _site.Cdock.Ids().Length;
        Outcome outcome = _site.Cdock.Do(["run", "-d", "--runtime", Cdock.Runtime, .. flags, "host", "true"]);
        Assert.Equal((125, "cdock: " + message), (outcome.ExitCode, outcome.FirstError));
        Assert.Equal(before, _site.Cdock.Ids().Length);
    }
}
