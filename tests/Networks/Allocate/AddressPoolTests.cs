using System.Net;
using System.Net.Sockets;
using CsCheck;

namespace Containerception.Networks.Tests;

/// <summary>No address is given twice, nor one that is no host's; all that are to be had are given.</summary>
public sealed class AddressPoolTests
{
    [Theory]
    [InlineData("10.1.2.0/29", "10.1.2.1 10.1.2.2 10.1.2.3 10.1.2.4 10.1.2.5 10.1.2.6")]
    [InlineData("10.1.2.0/30", "10.1.2.1 10.1.2.2")]
    [InlineData("10.1.2.0/31", "10.1.2.0 10.1.2.1")]
    [InlineData("10.1.2.3/32", "10.1.2.3")]
    [InlineData("255.255.255.252/30", "255.255.255.253 255.255.255.254")]
    [InlineData("fd00::/126", "fd00::1 fd00::2 fd00::3")]
    [InlineData("fd00::/127", "fd00:: fd00::1")]
    [InlineData("fd00::5/128", "fd00::5")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffd ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void A_subnet_gives_all_its_hosts_addresses_and_then_none(string subnet, string expected)
        => Assert.Equal(expected.Split(' '), Drain(IPNetwork.Parse(subnet), null, []).Select(address => address.ToString()));

    [Fact]
    public void The_gateway_is_the_first_host()
    {
        Assert.Equal("172.17.0.1", AddressPool.Gateway(IPNetwork.Parse("172.17.0.0/16")).ToString());
        Assert.Equal("fd00::1", AddressPool.Gateway(IPNetwork.Parse("fd00::/64")).ToString());
        Assert.Equal("10.0.0.0", AddressPool.Gateway(IPNetwork.Parse("10.0.0.0/31")).ToString());
    }

    [Fact]
    public void A_range_is_kept_to_and_may_lie_beyond_the_subnet()
    {
        IPNetwork subnet = IPNetwork.Parse("10.0.0.0/24");

        Assert.Equal(["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"], Drain(subnet, IPNetwork.Parse("10.0.0.4/30"), []).Select(address => address.ToString()));
        Assert.Equal(["10.0.0.253", "10.0.0.254"], Drain(subnet, IPNetwork.Parse("10.0.0.252/30"), [IPAddress.Parse("10.0.0.252")]).Select(address => address.ToString()));
        Assert.Equal(254, Drain(subnet, IPNetwork.Parse("10.0.0.0/8"), []).Count);
        Assert.Empty(Drain(subnet, IPNetwork.Parse("10.0.1.0/24"), []));
        Assert.Empty(Drain(subnet, IPNetwork.Parse("fd00::/64"), []));
    }

    [Fact]
    public void An_address_given_back_is_the_last_to_be_given_again()
    {
        IPNetwork subnet = IPNetwork.Parse("10.0.0.0/29");
        HashSet<IPAddress> taken = [IPAddress.Parse("10.0.0.1")];

        Assert.Equal("10.0.0.4", AddressPool.Next(subnet, null, taken, IPAddress.Parse("10.0.0.3"))!.ToString());
        Assert.Equal("10.0.0.2", AddressPool.Next(subnet, null, taken, IPAddress.Parse("10.0.0.6"))!.ToString());
        Assert.Equal("10.0.0.2", AddressPool.Next(subnet, null, taken, IPAddress.Parse("192.168.0.1"))!.ToString());
    }

    [Fact]
    public void Of_a_large_subnet_the_next_address_is_found_past_thousands()
    {
        IPNetwork subnet = IPNetwork.Parse("fd00:1:2:3::/64");
        HashSet<IPAddress> taken = [];
        for (int count = 0; count < 5000; count++)
        {
            Assert.True(taken.Add(AddressPool.Next(subnet, null, taken, null)!));
        }

        Assert.Equal("fd00:1:2:3::1389", AddressPool.Next(subnet, null, taken, null)!.ToString());
    }

    [Fact]
    public void Whatever_is_taken_and_given_back_nobody_gets_what_another_has()
    {
        // A subnet of any length of both families, a range in it or not, and a story of takes and returns.
        Gen<IPNetwork> subnets = Gen.Select(Gen.Bool, Gen.Byte.Array[16], Gen.Int[0, 6], (isIPv4, bytes, hostBits) =>
            isIPv4 ? HostNetworks.SubnetOf(new IPAddress(bytes[..4]), 32 - hostBits) : HostNetworks.SubnetOf(new IPAddress(bytes), 128 - hostBits));
        Gen.Select(subnets, Gen.Int[0, 6], Gen.Int[0, 63], Gen.Bool, Gen.Int[0, 99].Array[0, 150]).Sample((subnet, rangeBits, offset, hasRange, story) =>
        {
            IPNetwork? range = hasRange ? RangeIn(subnet, rangeBits, offset) : null;
            HashSet<IPAddress> taken = [];
            IPAddress? last = null;
            foreach (int choice in story)
            {
                if (choice < 30 && taken.Count > 0)
                {
                    taken.Remove(taken.ElementAt(choice % taken.Count));
                    continue;
                }

                IPAddress? next = AddressPool.Next(subnet, range, taken, last);
                if (next is null)
                {
                    // All are taken: as many as there are.
                    Assert.Equal(Drain(subnet, range, []).Count, taken.Count);
                    continue;
                }

                Assert.True(taken.Add(next), $"{next} twice");
                Assert.True(subnet.Contains(next) && range?.Contains(next) != false, $"{next} is outside");
                Assert.True(AddressPool.IsHost(subnet, next));
                Assert.False(hasNetworkAddress(subnet) && next.Equals(subnet.BaseAddress), $"{next} is the network's");
                Assert.False(subnet.PrefixLength < 31 && next.AddressFamily == AddressFamily.InterNetwork && IsLast(subnet, next), $"{next} is the broadcast address");
                last = next;
            }
        }, iter: 2000);

        static bool hasNetworkAddress(IPNetwork subnet) => subnet.PrefixLength < (subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 31 : 127);
    }

    [Fact]
    public void Subnets_come_from_dockers_pools_in_dockers_order_and_end()
    {
        List<IPNetwork> taken = [];
        while (AddressPool.ChooseSubnet(taken) is { } subnet)
        {
            Assert.DoesNotContain(taken, other => AddressPool.Overlap(other, subnet));
            taken.Add(subnet);
        }

        Assert.Equal(31, taken.Count);
        Assert.Equal(["172.17.0.0/16", "172.18.0.0/16"], taken.Take(2).Select(subnet => subnet.ToString()));
        Assert.Equal(["172.31.0.0/16", "192.168.0.0/20", "192.168.16.0/20"], taken.Skip(14).Take(3).Select(subnet => subnet.ToString()));
        Assert.Equal("192.168.240.0/20", taken[^1].ToString());
    }

    [Theory]
    [InlineData("172.16.0.0/12", "192.168.0.0/20")]
    [InlineData("172.17.3.4/32", "172.18.0.0/16")]
    [InlineData("0.0.0.0/0", null)]
    [InlineData("fd00::/8", "172.17.0.0/16")]
    public void A_subnet_that_overlaps_one_in_use_is_passed_over(string taken, string? expected)
        => Assert.Equal(expected, AddressPool.ChooseSubnet([IPNetwork.Parse(taken)])?.ToString());

    [Fact]
    public void IPv6_subnets_are_parts_of_one_unique_local_prefix()
    {
        byte[] id = [1, 2, 3, 4, 5];

        Assert.Equal("fd01:203:405::/64", AddressPool.ChooseUniqueLocal([], id).ToString());
        Assert.Equal("fd01:203:405:1::/64", AddressPool.ChooseUniqueLocal([IPNetwork.Parse("fd01:203:405::/64")], id).ToString());
        Assert.Null(AddressPool.ChooseUniqueLocal([IPNetwork.Parse("fc00::/7")], id));
    }

    [Fact]
    public void Hardware_addresses_are_locally_administered_and_differ_within_a_subnet()
    {
        Assert.Equal("0242AC110002", HardwareAddresses.Of(IPAddress.Parse("172.17.0.2")).ToString());
        Assert.Equal(254, Drain(IPNetwork.Parse("10.0.0.0/24"), null, []).Select(HardwareAddresses.Of).Distinct().Count());
        Assert.Equal(255, Drain(IPNetwork.Parse("fd12:3456:789a::/120"), null, []).Select(HardwareAddresses.Of).Distinct().Count());
    }

    private static List<IPAddress> Drain(IPNetwork subnet, IPNetwork? range, HashSet<IPAddress> taken)
    {
        List<IPAddress> given = [];
        while (AddressPool.Next(subnet, range, taken, given.Count > 0 ? given[^1] : null) is { } address)
        {
            Assert.True(taken.Add(address), $"{address} twice");
            given.Add(address);
        }

        return given;
    }

    private static IPNetwork RangeIn(IPNetwork subnet, int bits, int offset)
    {
        byte[] bytes = subnet.BaseAddress.GetAddressBytes();
        bytes[^1] ^= (byte)offset;
        return HostNetworks.SubnetOf(new IPAddress(bytes), (8 * bytes.Length) - bits);
    }

    private static bool IsLast(IPNetwork subnet, IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        uint number = (uint)((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]);
        uint hosts = uint.MaxValue >> subnet.PrefixLength;
        return (number & hosts) == hosts;
    }
}
