using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;

namespace Containerception.Networks.Tests;

/// <summary>A container at a bridge has what its plan says, reaches whom it should, and nobody else.</summary>
public sealed class ConnectorTests
{
    [Fact]
    public void An_interface_is_as_planned_and_carries_packets_at_once() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "172.17.0.1/16", "fd00:1::1/64"));
        using ContainerNamespace container = Alone.Container(plan => plan with
        {
            HostInterface = "vethhost",
            Mac = PhysicalAddress.Parse("02-12-34-56-78-9a"),
            Mtu = 1280,
            Gateway4 = IPAddress.Parse("172.17.0.1"),
            Gateway6 = IPAddress.Parse("fd00:1::1"),
        }, "172.17.0.2/16", "fd00:1::2/64");

        // First of all: nothing waits for anything, neither for ports that learn nor for addresses that are asked about.
        Assert.True(Alone.Reaches(container, "fd00:1::1"));
        Assert.True(Alone.Reaches(container, "172.17.0.1"));
        JsonElement inside = Alone.Link(container, "eth0");
        Assert.Equal("02:12:34:56:78:9a", inside.GetProperty("address").GetString());
        Assert.Equal(1280, inside.GetProperty("mtu").GetInt32());
        JsonElement outside = Alone.Link("vethhost");
        Assert.Equal("br0", outside.GetProperty("master").GetString());
        Assert.Equal(1280, outside.GetProperty("mtu").GetInt32());
        Assert.Equal("UP", outside.GetProperty("operstate").GetString());
        Assert.Equal(["eth0 inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0", "eth0 inet6 fd00:1::2/64 scope global nodad"], Alone.Addresses(container, "dev eth0 scope global"));
        Assert.Equal("default via 172.17.0.1 dev eth0", Alone.Ip(container, "route show default").Trim());
        Assert.Equal("default via fd00:1::1 dev eth0 metric 1024 pref medium", Alone.Ip(container, "-6 route show default").Trim());
        Assert.True(Alone.Reaches(container, "127.0.0.1"));
        Assert.True(Alone.Reaches(container, "::1"));
    });

    [Fact]
    public void CVE_2020_13401_a_container_without_IPv6_addresses_has_none_that_neighbours_could_use() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "172.17.0.1/16"));
        using ContainerNamespace container = Alone.Container("172.17.0.2/16");

        Assert.DoesNotContain(Alone.Addresses(container, "dev eth0"), line => line.Contains("inet6", StringComparison.Ordinal));
        Assert.True(Alone.Reaches(container, "::1"));
    });

    [Theory]
    [InlineData("10.0.0.0/31", "10.0.0.0", "10.0.0.1")]
    [InlineData("10.0.0.0/30", "10.0.0.1", "10.0.0.2")]
    [InlineData("fd00::/126", "fd00::1", "fd00::2")]
    public void The_smallest_subnets_work(string subnet, string gateway, string address) => Alone.Run(() =>
    {
        string suffix = subnet[subnet.IndexOf('/', StringComparison.Ordinal)..];
        Bridges.Ensure(Alone.Bridge("br0", gateway + suffix));
        using ContainerNamespace container = Alone.Container(address + suffix);

        Assert.True(Alone.Reaches(container, gateway));
    });

    [Fact]
    public void A_gateway_outside_of_the_subnet_is_reached_on_the_wire() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.9.9.9/32"));
        Alone.Ip("route add 10.0.0.7/32 dev br0");
        using ContainerNamespace container = Alone.Container(plan => plan with { Gateway4 = IPAddress.Parse("10.9.9.9") }, "10.0.0.7/32");

        Assert.True(Alone.Reaches(container, "10.9.9.9"));
    });

    [Fact]
    public void Isolated_containers_reach_the_bridge_and_not_each_other() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24", "fd00::1/64"));
        using ContainerNamespace one = Alone.Container(plan => plan with { IsIsolated = true }, "10.0.0.2/24", "fd00::2/64");
        using ContainerNamespace two = Alone.Container(plan => plan with { IsIsolated = true }, "10.0.0.3/24", "fd00::3/64");
        using ContainerNamespace open = Alone.Container("10.0.0.4/24", "fd00::4/64");

        Assert.All([one, two], container => Assert.True(Alone.Reaches(container, "10.0.0.1") && Alone.Reaches(container, "fd00::1")));
        Assert.False(Alone.Reaches(one, "10.0.0.3", seconds: 1));
        Assert.False(Alone.Reaches(two, "fd00::2", seconds: 1));
        Assert.True(Alone.Reaches(one, "10.0.0.4"));
    });

    [Fact]
    public void A_container_in_two_networks_has_two_interfaces_and_one_way_out_which_can_move() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        Bridges.Ensure(Alone.Bridge("br1", "10.0.1.1/24"));
        using ContainerNamespace container = Alone.Container(plan => plan with { Gateway4 = IPAddress.Parse("10.0.0.1") }, "10.0.0.2/24");
        EndpointPlan second = Alone.Endpoint("10.0.1.2/24") with { Bridge = "br1", Interface = "eth1" };
        Connector.Connect(container, second);

        Assert.True(Alone.Reaches(container, "10.0.0.1") && Alone.Reaches(container, "10.0.1.1"));
        Assert.Equal("default via 10.0.0.1 dev eth0", Alone.Ip(container, "route show default").Trim());

        Connector.SetGateway(container, second with { Gateway4 = IPAddress.Parse("10.0.1.1") });
        Assert.Equal("default via 10.0.1.1 dev eth1", Alone.Ip(container, "route show default").Trim());

        Assert.True(Connector.Disconnect(container, "eth0"));
        Assert.True(Alone.Reaches(container, "10.0.1.1"));
        Assert.DoesNotContain("10.0.0.", Alone.Ip(container, "route show"), StringComparison.Ordinal);
    });

    [Fact]
    public void A_network_is_left_while_the_container_runs_and_nothing_stays_on_the_host() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        using ContainerNamespace made = Alone.Container("10.0.0.2/24");
        // As another process would have it.
        using ContainerNamespace container = ContainerNamespace.Open(Descriptors.Duplicate(made.Descriptor));

        Assert.True(Connector.Disconnect(container, "eth0"));
        Assert.Equal(["br0", "lo"], Alone.Interfaces().Order(StringComparer.Ordinal));
        Assert.False(Connector.Disconnect(container, "eth0"));

        Connector.Connect(container, Alone.Endpoint("10.0.0.2/24"));
        Assert.True(Alone.Reaches(made, "10.0.0.1"));
    });

    [Fact]
    public void A_failure_leaves_no_interface_and_says_what_is_in_the_way() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        Alone.Ip("link add notabridge type veth peer name other");
        using ContainerNamespace container = Alone.Container(plan => plan with { HostInterface = "vethhost" }, "10.0.0.2/24");
        EndpointPlan plan = Alone.Endpoint("10.0.0.3/24");
        string[] before = Alone.Interfaces();

        Refused(NetworkFailure.NotFound, "bridge nowhere: no such device (ENODEV): there is no bridge of that name", plan with { Bridge = "nowhere" });
        Refused(NetworkFailure.NotFound, "bridge notabridge: no such device (ENODEV): there is no bridge of that name", plan with { Bridge = "notabridge" });
        Refused(NetworkFailure.Conflict, "interface eth0: file exists (EEXIST): the container has an interface of that name", plan);
        Refused(NetworkFailure.Conflict, "interface vethhost: file exists (EEXIST): the host has an interface of that name", plan with { Interface = "eth1", HostInterface = "vethhost" });
        Refused(NetworkFailure.Invalid, "interface name sixteen-bytes-xx: 16 bytes are too many (ENAMETOOLONG): the kernel takes 15", plan with { Interface = "sixteen-bytes-xx" });
        Refused(NetworkFailure.Invalid, "bridge br0: netlink(RTM_NEWLINK, veth vethfresh, eth1): ", plan with { Interface = "eth1", HostInterface = "vethfresh", Mtu = 10 });
        // Made, and then not to be finished: IPv4 has no such prefix.
        Assert.Throws<LinuxException>(() => Connector.Connect(container, plan with { Interface = "eth1", Addresses = [new(IPAddress.Parse("10.0.0.3"), 77)] }));

        Assert.Equal(before, Alone.Interfaces());
        Assert.Equal(["lo", "eth0"], container.Run(Alone.Interfaces));

        void Refused(NetworkFailure failure, string message, EndpointPlan wrong)
        {
            NetworkException error = Assert.Throws<NetworkException>(() => Connector.Connect(container, wrong));
            Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(failure, error.Failure);
        }
    });

    [Fact]
    public void A_container_of_no_network_has_loopback_alone() => Alone.Run(() =>
    {
        using ContainerNamespace container = ContainerNamespace.Create();
        Connector.BringUpLoopback(container);

        Assert.True(Alone.Reaches(container, "127.0.0.1"));
        Assert.Equal(["lo"], container.Run(Alone.Interfaces));
    });
}
