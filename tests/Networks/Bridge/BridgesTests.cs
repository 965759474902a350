using System.Text.Json;

namespace Containerception.Networks.Tests;

/// <summary>A bridge is made as its plan says, is the same after a second time, and is nobody else's.</summary>
public sealed class BridgesTests
{
    [Fact]
    public void A_bridge_has_its_addresses_at_once_and_the_machine_routes() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "172.17.0.1/16", "fd00:1::1/64") with { Mtu = 1400, RouteLocalnet = true });

        JsonElement link = Alone.Link("br0");
        Assert.Equal("bridge", link.GetProperty("linkinfo").GetProperty("info_kind").GetString());
        Assert.Equal(1400, link.GetProperty("mtu").GetInt32());
        Assert.Contains("UP", link.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));
        // No port, so no carrier: an address that had to be asked about would stay tentative.
        Assert.Equal(["br0 inet 172.17.0.1/16 brd 172.17.255.255 scope global br0", "br0 inet6 fd00:1::1/64 scope global nodad"], Alone.Addresses("dev br0 scope global"));
        Assert.Equal("1 1 1 0 0", Settings("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/br0/route_localnet", "ipv6/conf/br0/accept_ra", "ipv6/conf/br0/accept_dad"));
    });

    [Fact]
    public void A_bridge_without_IPv6_does_not_speak_it_and_leaves_the_machines_alone() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "172.17.0.1/16"));

        Assert.Empty(Alone.Ip("-6 address show dev br0"));
        Assert.Equal("1 0 0", Settings("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/br0/route_localnet"));
    });

    [Fact]
    public void A_second_time_changes_nothing_and_puts_right_what_was_taken() => Alone.Run(() =>
    {
        BridgePlan plan = Alone.Bridge("br0", "172.17.0.1/16", "fd00:1::1/64");
        int index = Bridges.Ensure(plan);
        string before = Alone.Ip("address show dev br0");

        Assert.Equal(index, Bridges.Ensure(plan));
        Assert.Equal(before, Alone.Ip("address show dev br0"));

        Alone.Ip("address flush dev br0");
        Alone.Ip("link set br0 down");
        Assert.Equal(index, Bridges.Ensure(plan));
        Assert.Equal(["br0 inet 172.17.0.1/16 brd 172.17.255.255 scope global br0", "br0 inet6 fd00:1::1/64 scope global nodad"], Alone.Addresses("dev br0 scope global"));
    });

    [Fact]
    public void The_hardware_address_stays_when_ports_come_and_go() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        string before = Alone.Link("br0").GetProperty("address").GetString()!;
        Alone.Ip("link add p0 address 02:00:00:00:00:01 type veth peer name p1");
        Alone.Ip("link set p0 master br0");

        Assert.Equal(before, Alone.Link("br0").GetProperty("address").GetString());
    });

    [Theory]
    [InlineData("type veth")]
    [InlineData("type bridge")]
    public void Somebody_elses_interface_is_left_alone(string kind) => Alone.Run(() =>
    {
        Alone.Ip($"link add br0 {kind}");
        string before = Alone.Ip("-d address show dev br0");

        NetworkException error = Assert.Throws<NetworkException>(() => Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24")));

        Assert.Equal(NetworkFailure.Conflict, error.Failure);
        Assert.Contains("bridge br0: file exists (EEXIST): there is an interface of that name which is not this network's: " + kind[5..], error.Message, StringComparison.Ordinal);
        Assert.False(Bridges.Exists("br0", "a test"));
        Assert.False(Bridges.Remove("br0", "a test"));
        Assert.Equal(before, Alone.Ip("-d address show dev br0"));
    });

    [Fact]
    public void Another_networks_bridge_is_somebody_elses() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));

        Assert.Throws<NetworkException>(() => Bridges.Ensure(Alone.Bridge("br0", "10.0.1.1/24") with { Owner = "another" }));
        Assert.False(Bridges.Remove("br0", "another"));
        Assert.True(Bridges.Exists("br0", "a test"));
    });

    [Fact]
    public void A_bridge_that_is_removed_is_gone_and_need_not_be_there() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));

        Assert.True(Bridges.Remove("br0", "a test"));
        Assert.Equal(["lo"], Alone.Interfaces());
        Assert.False(Bridges.Remove("br0", "a test"));
    });

    [Theory]
    [InlineData("sixteen-bytes-xx", "interface name sixteen-bytes-xx: 16 bytes are too many (ENAMETOOLONG): the kernel takes 15")]
    [InlineData("", "interface name '': no interface can have that name")]
    [InlineData("..", "interface name '..': no interface can have that name")]
    [InlineData("a/b", "interface name 'a/b': no interface can have that name")]
    [InlineData("a b", "interface name 'a b': no interface can have that name")]
    [InlineData("br%d", "interface name 'br%d': no interface can have that name")]
    public void A_name_that_no_interface_can_have_is_refused(string name, string message)
        => Assert.Equal(message, Assert.Throws<NetworkException>(() => Bridges.Ensure(Alone.Bridge(name))).Message);

    [Fact]
    public void A_name_of_fifteen_bytes_is_one() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("fifteen-bytes-x"));

        Assert.Contains("fifteen-bytes-x", Alone.Interfaces());
    });

    [Fact]
    public void A_way_to_the_world_by_a_routers_advertisements_is_kept() => Alone.Run(() =>
    {
        Alone.Ip("link add up0 type veth peer name other");
        Alone.Ip("link set up0 up");

        Bridges.Ensure(Alone.Bridge("br0", "fd00:1::1/64"));

        Assert.Equal("2 0", Settings("ipv6/conf/up0/accept_ra", "ipv6/conf/br0/accept_ra"));
    });

    private static string Settings(params string[] names) => string.Join(' ', names.Select(name => File.ReadAllText($"/proc/sys/net/{name}").TrimEnd()));
}
