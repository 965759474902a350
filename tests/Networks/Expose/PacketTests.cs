using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Containerception.Networks.Tests;

/// <summary>Every rule by real packets, from every side.</summary>
public sealed class PacketTests(Town town) : IClassFixture<Town>
{
    private const ProtocolType Tcp = ProtocolType.Tcp;
    private const ProtocolType Udp = ProtocolType.Udp;
    private const string Table = "expose_packets";

    private readonly Firewall _firewall = new(Table);

    [Theory]
    [InlineData(Tcp)]
    [InlineData(Udp)]
    public void A_published_port_is_reached_from_everywhere_with_the_true_source_address(ProtocolType protocol)
    {
        int port = town.First.Serve(protocol, IPAddress.Any, 0);
        int port6 = town.First.Serve(protocol, IPAddress.IPv6Any, 0);
        Rebuild([Town.One, Town.Two], [Any(protocol, 8080, port), Any6(protocol, 8080, port6)]);

        Assert.Equal("192.0.2.2", town.Outside.Ask(protocol, "192.0.2.1", 8080));
        Assert.Equal("fd90::2", town.Outside.Ask(protocol, "fd90::1", 8080));
        Assert.Equal("192.0.2.1", town.Host.Ask(protocol, "192.0.2.1", 8080));
        Assert.Equal("fd90::1", town.Host.Ask(protocol, "fd90::1", 8080));

        // From loopback, to which a container has no way back.
        Assert.Equal("10.91.0.1", town.Host.Ask(protocol, "127.0.0.1", 8080));
        Assert.Equal("10.91.0.1", town.Host.Ask(protocol, "127.0.0.5", 8080));

        // A neighbour on the same bridge, the container itself, a container of another network.
        Assert.Equal("10.91.0.1", town.Second.Ask(protocol, "192.0.2.1", 8080));
        Assert.Equal("fd91::1", town.Second.Ask(protocol, "fd90::1", 8080));
        Assert.Equal("10.91.0.1", town.First.Ask(protocol, "10.91.0.1", 8080));
        Assert.Equal("fd91::1", town.First.Ask(protocol, "fd91::1", 8080));
        Assert.Equal("10.91.0.1", town.Other.Ask(protocol, "192.0.2.1", 8080));
        Assert.Equal("fd91::1", town.Other.Ask(protocol, "fd90::1", 8080));
    }

    [Fact]
    public void The_loopback_of_ipv6_stays_this_machines()
    {
        int own = town.Host.Serve(Tcp, IPAddress.IPv6Loopback, 0);
        int port6 = town.First.Serve(Tcp, IPAddress.IPv6Any, 0);
        Rebuild([Town.One], [Any6(Tcp, own, port6)]);

        Assert.Equal("::1", town.Host.Ask(Tcp, "::1", own));
        Assert.Equal("fd90::2", town.Outside.Ask(Tcp, "fd90::1", own));
    }

    [Fact]
    public void Sctp_is_published_too()
    {
        // By bare packets: the kernel's own sctp is a module that few machines have.
        Rebuild([Town.One], [Any((ProtocolType)132, 8085, 85)]);
        using Socket container = town.First.Raw((ProtocolType)132);
        using Socket outside = town.Outside.Raw((ProtocolType)132);

        outside.SendTo(SctpInit(1025, 8085), new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0));

        byte[] packet = new byte[1500];
        container.ReceiveTimeout = 5_000;
        container.Receive(packet);
        const int Header = 20;
        Assert.Equal(IPAddress.Parse("192.0.2.2"), new IPAddress(packet.AsSpan(12, 4)));
        Assert.Equal(85, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(Header + 2)));
    }

    [Fact]
    public void A_port_published_on_one_address_is_not_on_others()
    {
        int port = town.First.Serve(Tcp, IPAddress.Any, 0);
        Rebuild([Town.One, Town.Two], [Any(Tcp, 8080, port) with { HostAddress = IPAddress.Loopback }]);

        Assert.Equal("10.91.0.1", town.Host.Ask(Tcp, "127.0.0.1", 8080));
        Assert.Null(town.Host.Ask(Tcp, "192.0.2.1", 8080));
        Assert.Null(town.Outside.Ask(Tcp, "192.0.2.1", 8080));
    }

    [Fact]
    public void The_port_of_one_address_goes_before_that_of_any()
    {
        int any = town.First.Serve(Tcp, IPAddress.Any, 0);
        int one = town.Other.Serve(Tcp, IPAddress.Any, 0);
        Rebuild([Town.One, Town.Two], [Any(Tcp, 8080, any), Any(Tcp, 8080, one) with { HostAddress = IPAddress.Parse("127.0.0.1"), ContainerAddress = IPAddress.Parse("10.92.0.2") }]);

        Assert.Equal("10.92.0.1", town.Host.Ask(Tcp, "127.0.0.1", 8080));
        Assert.Equal("192.0.2.2", town.Outside.Ask(Tcp, "192.0.2.1", 8080));
    }

    [Fact]
    public void CVE_2020_8558_a_neighbour_cannot_ask_for_this_machines_loopback()
    {
        // CVE-2020-8558: with route_localnet the kernel itself would let him.
        town.Host.Program("sysctl", "-qw", "net.ipv4.conf.up0.route_localnet=1").Succeeded();
        town.Outside.Program("sysctl", "-qw", "net.ipv4.conf.eth0.route_localnet=1").Succeeded();
        town.Outside.Ip("route del local 127.0.0.0/8 dev lo table local", "route replace 127.0.0.0/8 via 192.0.2.1 dev eth0");
        IPAddress loopback = IPAddress.Parse("127.0.0.5");
        int port = town.Host.Serve(Udp, loopback, 0);
        int published = town.First.Serve(Udp, IPAddress.Any, 0);

        town.Host.Run(_firewall.Remove);
        Assert.Equal("192.0.2.2", town.Outside.Ask(Udp, "127.0.0.5", port));

        Rebuild([Town.One], [Any(Udp, 8080, published) with { HostAddress = loopback }]);
        Assert.Null(town.Outside.Ask(Udp, "127.0.0.5", port));
        Assert.Null(town.Outside.Ask(Udp, "127.0.0.5", 8080));
        Assert.Equal("10.91.0.1", town.Host.Ask(Udp, "127.0.0.5", 8080));
    }

    [Fact]
    public void A_port_that_is_not_published_is_out_of_reach()
    {
        int port = town.First.Serve(Tcp, IPAddress.Any, 0);
        int port6 = town.First.Serve(Tcp, IPAddress.IPv6Any, 0);
        town.Host.Run(_firewall.Remove);
        Assert.Equal("192.0.2.2", town.Outside.Ask(Tcp, "10.91.0.2", port));

        Rebuild([Town.One, Town.Two], []);
        Assert.Null(town.Outside.Ask(Tcp, "10.91.0.2", port));
        Assert.Null(town.Outside.Ask(Tcp, "fd91::2", port6));
        Assert.Null(town.Other.Ask(Tcp, "10.91.0.2", port));
        Assert.Null(town.Other.Ask(Tcp, "fd91::2", port6));
        Assert.Equal("10.91.0.3", town.Second.Ask(Tcp, "10.91.0.2", port));
        Assert.Equal("fd91::3", town.Second.Ask(Tcp, "fd91::2", port6));
        Assert.Equal("10.91.0.1", town.Host.Ask(Tcp, "10.91.0.2", port));
    }

    [Theory]
    [InlineData(Tcp)]
    [InlineData(Udp)]
    public void What_leaves_the_machine_bears_its_address_only_where_that_is_wanted(ProtocolType protocol)
    {
        int port = town.Outside.Serve(protocol, IPAddress.Any, 0);
        int port6 = town.Outside.Serve(protocol, IPAddress.IPv6Any, 0);
        Rebuild([Town.One, Town.Two with { Masquerade = false }], []);

        Assert.Equal("192.0.2.1", town.First.Ask(protocol, "192.0.2.2", port));
        Assert.Equal("fd90::1", town.First.Ask(protocol, "fd90::2", port6));
        Assert.Equal("10.92.0.2", town.Other.Ask(protocol, "192.0.2.2", port));
        Assert.Equal("fd92::2", town.Other.Ask(protocol, "fd90::2", port6));
    }

    [Fact]
    public void An_internal_network_reaches_nobody_and_nobody_reaches_it()
    {
        int outside = town.Outside.Serve(Tcp, IPAddress.Any, 0);
        int outside6 = town.Outside.Serve(Tcp, IPAddress.IPv6Any, 0);
        int other = town.Other.Serve(Tcp, IPAddress.Any, 0);
        int first = town.First.Serve(Tcp, IPAddress.Any, 0);
        Rebuild([Town.One with { IsInternal = true }, Town.Two],
            [Any(Tcp, 8080, first), Any(Tcp, 8081, other) with { ContainerAddress = IPAddress.Parse("10.92.0.2") }]);

        Assert.Null(town.First.Ask(Tcp, "192.0.2.2", outside));
        Assert.Null(town.First.Ask(Tcp, "fd90::2", outside6));
        Assert.Null(town.Outside.Ask(Tcp, "192.0.2.1", 8080));

        // By way of a port that another network publishes.
        Assert.Equal("192.0.2.2", town.Outside.Ask(Tcp, "192.0.2.1", 8081));
        Assert.Null(town.First.Ask(Tcp, "192.0.2.1", 8081));
        Assert.Equal("10.91.0.3", town.Second.Ask(Tcp, "10.91.0.2", first));
    }

    [Fact]
    public void A_withdrawn_port_and_its_flows_are_forgotten()
    {
        int first = town.First.Serve(Udp, IPAddress.Any, 0);
        int second = town.Second.Serve(Udp, IPAddress.Any, 0);
        PublishedPort old = Any(Udp, 8080, first);
        PublishedPort next = Any(Udp, 8080, second) with { ContainerAddress = IPAddress.Parse("10.91.0.3") };
        Rebuild([Town.One], [old]);
        Assert.Equal("192.0.2.2", town.Outside.Ask(Udp, "192.0.2.1", 8080, fromPort: 5353));

        // A client who stays at it: connection tracking would lead him to the old container for as long.
        town.Host.Run(() => _firewall.Withdraw([old]));
        town.Host.Run(() => Firewall.ForgetFlows([old]));
        Assert.Null(town.Outside.Ask(Udp, "192.0.2.1", 8080, fromPort: 5353));

        // That was a flow as well, and it led to nobody.
        town.Host.Run(() => _firewall.Publish([next]));
        town.Host.Run(() => Firewall.ForgetFlows([next]));
        Assert.Equal("192.0.2.2", town.Outside.Ask(Udp, "192.0.2.1", 8080, fromPort: 5353));
    }

    [Fact]
    public void Flows_of_others_are_not_forgotten()
    {
        int outside = town.Outside.Serve(Udp, IPAddress.Any, 0);
        Rebuild([Town.One], []);
        Assert.Equal("192.0.2.1", town.First.Ask(Udp, "192.0.2.2", outside, fromPort: 5354));

        town.Host.Run(() => Firewall.ForgetFlows([Any(Udp, outside, 53)]));

        Assert.Contains("sport=5354", File(town.Host), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_outlives_the_table_being_made_anew()
    {
        int port = town.First.Serve(Udp, IPAddress.Any, 0);
        PublishedPort published = Any(Udp, 8080, port);
        Rebuild([Town.One], [published]);
        using Socket socket = town.Outside.Socket(Udp, AddressFamily.InterNetwork);
        for (int round = 0; round < 50; round++)
        {
            Assert.Equal("192.0.2.2", Machine.Ask(socket, IPAddress.Parse("192.0.2.1"), 8080));
            Rebuild([Town.One], [published]);
        }
    }

    [Theory]
    [InlineData(Tcp)]
    [InlineData(Udp)]
    public void Questions_for_names_are_led_to_the_sockets_that_answer(ProtocolType protocol)
    {
        IPAddress listen = IPAddress.Parse("127.0.0.11");
        int udp = town.Second.Serve(Udp, listen, 0);
        int tcp = town.Second.Serve(Tcp, listen, 0);
        town.Second.Run(() => DnsRedirect.Install(listen, (ushort)udp, (ushort)tcp));

        // Connected: an answer from another port would not be taken.
        Assert.Equal("127.0.0.1", town.Second.Ask(protocol, "127.0.0.11", 53));

        // The program's own, on the port that the redirection does not need.
        int own = town.Second.Serve(protocol, IPAddress.Parse("127.0.0.1"), 53);
        Assert.Equal("127.0.0.1", town.Second.Ask(protocol, "127.0.0.1", own));
    }

    /// <summary>RFC 9260: the common header with its checksum, and an INIT chunk.</summary>
    private static byte[] SctpInit(ushort from, ushort to)
    {
        byte[] packet = new byte[32];
        BinaryPrimitives.WriteUInt16BigEndian(packet, from);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), to);
        byte[] chunk = [1, 0, 0, 20, 1, 2, 3, 4, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1];
        chunk.CopyTo(packet, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), ~packet.Aggregate(uint.MaxValue, BitOperations.Crc32C));
        return packet;
    }

    private static string File(Machine machine) => machine.Program("cat", "/proc/net/nf_conntrack").Succeeded();

    private static PublishedPort Any(ProtocolType protocol, int hostPort, int containerPort) => new()
    {
        Protocol = (PortProtocol)protocol,
        HostAddress = IPAddress.Any,
        HostPort = (ushort)hostPort,
        ContainerAddress = IPAddress.Parse("10.91.0.2"),
        ContainerPort = (ushort)containerPort,
    };

    private static PublishedPort Any6(ProtocolType protocol, int hostPort, int containerPort)
        => Any(protocol, hostPort, containerPort) with { HostAddress = IPAddress.IPv6Any, ContainerAddress = IPAddress.Parse("fd91::2") };

    private void Rebuild(IReadOnlyList<BridgeRules> bridges, IReadOnlyList<PublishedPort> ports) => town.Host.Run(() => _firewall.Rebuild(bridges, ports));
}
