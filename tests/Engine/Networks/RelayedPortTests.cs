using System.Globalization;
using System.Net.Sockets;
using Containerception.Linux;

namespace Containerception.Engine.Tests;

/// <summary>Where the kernel cannot lead packets to a container, a process does: from IPv6 to IPv4, and from ::1.</summary>
public sealed class RelayedPortTests : IDisposable
{
    private readonly Site _site = new();

    [Theory]
    [InlineData(ProtocolType.Tcp, "")]
    [InlineData(ProtocolType.Udp, "/udp")]
    public void A_container_with_IPv4_alone_is_reached_by_IPv6(ProtocolType protocol, string suffix)
    {
        using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80" + suffix, "-p", "[" + Site.HostAddress6 + "]:8081:80");
        string gateway = _site.Inspect("web", "{{.NetworkSettings.Gateway}}");

        Assert.Equal(gateway, _site.Client.Ask(protocol, Site.HostAddress6, 8080));
        Assert.Equal(gateway, _site.Host.Ask(protocol, "::1", 8080));
        Assert.Equal(gateway, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8081));
        Assert.True(_site.Host.HearsNothing(ProtocolType.Tcp, "::1", 8081));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(protocol, Site.HostAddress, 8080));
        Assert.DoesNotContain("cdock_relay", _site.Host.Program("nft", "list", "tables"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProtocolType.Tcp, "")]
    [InlineData(ProtocolType.Udp, "/udp")]
    public void The_hosts_loopback_of_IPv6_leads_to_one_that_has_IPv6(ProtocolType protocol, string suffix)
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "six");
        using NetworkPlace web = _site.Server("web", 80, "--network", "six", "-p", "8080:80" + suffix, "-p", "[::1]:8081:80" + suffix);

        Assert.NotNull(_site.Host.Ask(protocol, "::1", 8080));
        Assert.NotNull(_site.Host.Ask(protocol, "::1", 8081));
        Assert.Equal(Site.ClientAddress6, _site.Client.Ask(protocol, Site.HostAddress6, 8080));
        Assert.True(_site.Client.HearsNothing(protocol, Site.HostAddress6, 8081));
    }

    [Fact]
    public void There_is_no_relay_until_somebody_asks_and_a_killed_one_is_started_again()
    {
        using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80");
        string id = Assert.Single(_site.Cdock.Ids());
        Assert.NotNull(_site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Null(Cdock.RelayOf(id));

        Assert.NotNull(_site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));
        int first = Assert.NotNull(Cdock.RelayOf(id));
        Processes.Kill(first, Signal.SIGKILL);
        Cdock.Until(() => Cdock.RelayOf(id) is null, "it has ended");
        Assert.NotNull(_site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));

        int second = Assert.NotNull(Cdock.RelayOf(id));
        _site.Cdock.Ok("rm", "-f", "web");
        Cdock.Until(() => !Directory.Exists("/proc/" + second.ToString(CultureInfo.InvariantCulture)), "it ends with its supervisor");
    }

    [Fact]
    public void Ports_that_are_taken_and_given_up_while_it_runs_are_relayed_or_free()
    {
        using NetworkPlace web = _site.Server("web", 80);
        _site.Cdock.Ok("update", "-p", "8080:80", "web");
        Assert.NotNull(_site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));
        _site.Cdock.Ok("update", "-p", "8081:80", "web");
        Assert.NotNull(_site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8081));

        _site.Cdock.Ok("update", "--publish-rm", "8080:80", "web");
        Assert.True(_site.Client.HearsNothing(ProtocolType.Tcp, Site.HostAddress6, 8080));
        _site.Host.Serve(ProtocolType.Tcp, 8080, "::");
        Assert.Equal(Site.ClientAddress6, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));
    }

    [Fact]
    public void Packets_are_led_as_soon_as_a_network_of_IPv6_is_joined()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "six");
        using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80");
        Assert.Equal(_site.Inspect("web", "{{.NetworkSettings.Gateway}}"), _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));

        _site.Cdock.Ok("network", "connect", "six", "web");
        Assert.Equal(Site.ClientAddress6, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));
        Assert.Equal("80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080", _site.Cdock.Ok("port", "web"));

        _site.Cdock.Ok("network", "disconnect", "six", "web");
        Assert.Equal(_site.Inspect("web", "{{.NetworkSettings.Gateway}}"), _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress6, 8080));
    }

    [Fact]
    public void What_cannot_be_relayed_is_published_while_packets_can_be_led()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "six");
        _site.Start("web", "-p", "9999:9999/sctp");
        Assert.Equal("0.0.0.0:9999", _site.Cdock.Ok("port", "web", "9999/sctp"));

        _site.Cdock.Ok("rm", "-f", "web");
        _site.Start("web", "--network", "six", "--network", "bridge", "-p", "9999:9999/sctp");
        Assert.Equal("0.0.0.0:9999\n[::]:9999", _site.Cdock.Ok("port", "web", "9999/sctp"));
        _site.Cdock.Ok("network", "disconnect", "six", "web");
        Assert.Equal("0.0.0.0:9999", _site.Cdock.Ok("port", "web", "9999/sctp"));
        Assert.Single(_site.Elements());
    }

    public void Dispose() => _site.Dispose();
}
