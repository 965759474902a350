using System.Net;

namespace Containerception.Networks.Tests;

/// <summary>What a new network must not overlap.</summary>
public sealed class HostNetworksTests
{
    [Fact]
    public void Addresses_and_routes_count_and_what_every_machine_has_does_not() => Alone.Run(() =>
    {
        Alone.Ip("link set lo up");
        Alone.Ip("link add d0 type veth peer name d1");
        Alone.Ip("link set d0 up");
        Alone.Ip("link set d1 up");
        Alone.Ip("address add 10.1.2.3/24 dev d0");
        Alone.Ip("address add fd00:9::3/64 dev d0 nodad");
        Alone.Ip("address add 10.9.9.1 peer 10.9.9.2/32 dev d0");
        Alone.Ip("route add 10.64.0.0/10 via 10.1.2.1");
        Alone.Ip("route add default via 10.1.2.1");
        Alone.Ip("route add 10.77.0.0/16 dev d0 table 1000");
        Alone.Ip("-6 route add fd00:8::/48 via fd00:9::1");
        Alone.Ip("route add blackhole 10.55.0.0/16");

        Assert.Equal(["10.1.2.0/24", "10.64.0.0/10", "10.77.0.0/16", "10.9.9.1/32", "10.9.9.2/32", "fd00:8::/48", "fd00:9::/64"],
            HostNetworks.All().Select(network => network.ToString()).Order(StringComparer.Ordinal));
    });

    [Fact]
    public void A_machine_that_knows_nobody_is_in_no_network() => Alone.Run(() => Assert.Empty(HostNetworks.All()));

    [Theory]
    [InlineData("10.1.2.3", 24, "10.1.2.0/24")]
    [InlineData("10.1.2.255", 31, "10.1.2.254/31")]
    [InlineData("10.1.2.3", 32, "10.1.2.3/32")]
    [InlineData("255.255.255.255", 0, "0.0.0.0/0")]
    [InlineData("fd00::ffff:1", 121, "fd00::ffff:0/121")]
    public void The_subnet_of_an_address_is_without_its_host_bits(string address, int prefixLength, string expected)
        => Assert.Equal(expected, HostNetworks.SubnetOf(IPAddress.Parse(address), prefixLength).ToString());
}
