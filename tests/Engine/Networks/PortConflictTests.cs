using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>A port of the host is one's alone, and free as soon as he has ended; and it may change hands while containers run.</summary>
public sealed class PortConflictTests : IDisposable
{
    private readonly Site _site = new();

    [Theory]
    [InlineData("8080:80", "0.0.0.0:8080", "tcp")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1:8080", "tcp")]
    [InlineData("8080:80/udp", "0.0.0.0:8080", "udp")]
    [InlineData("8070-8090:70-90", "0.0.0.0:8080", "tcp")]
    public void A_port_of_a_program_of_the_host_is_refused(string flag, string told, string protocol)
    {
        _site.Host.Serve(protocol == "udp" ? ProtocolType.Udp : ProtocolType.Tcp, 8080, "0.0.0.0");

        Outcome outcome = _site.Cdock.Do("run", "-d", "-p", flag, "host", "true");
        Assert.Equal((125, $"cdock: Bind for {told} failed: port is already allocated ({protocol}): a program of the host has it"), (outcome.ExitCode, outcome.FirstError));
        Assert.Empty(_site.Cdock.Ids());
        _site.NothingIsLeft();
        _site.Host.Close();
        _site.Start("late", "-p", flag);
    }

    [Fact]
    public void Who_watched_the_first_end_of_one_that_is_started_again_leaves_it_its_ports()
    {
        Outcome outcome = _site.Cdock.Do("run", "--name", "web", "--restart", "on-failure", "-p", "8080:80", "host", "sh", "-c", "exit 3");
        Assert.Equal(3, outcome.ExitCode);
        Assert.Equal("restarting", _site.Cdock.Ok("inspect", "-f", "{{.State.Status}}", "web"));
        Assert.Single(_site.Elements());
    }

    [Fact]
    public void A_port_of_another_container_is_refused_with_its_name()
    {
        _site.Start("web", "-p", "8080:80");

        Outcome outcome = _site.Cdock.Do("run", "-d", "--name", "late", "-p", "8080:80", "host", "true");
        Assert.Equal((125, "cdock: Bind for 0.0.0.0:8080 failed: port is already allocated (tcp): the container web has it"), (outcome.ExitCode, outcome.FirstError));
        Assert.Single(_site.Cdock.Ids());
        Assert.Single(_site.Elements());
        Assert.Equal("1 2", $"{_site.Rows("SELECT count(*) FROM endpoints")} {_site.Rows("SELECT count(*) FROM ports")}");

        _site.Cdock.Ok("create", "--name", "late", "-p", "8080:80", "host", "sleep", "1000");
        outcome = _site.Cdock.Do("start", "late");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("the container web has it", outcome.FirstError, StringComparison.Ordinal);
        _site.Cdock.Ok("stop", "-t", "0", "web");
        _site.Cdock.Ok("start", "late");
        Assert.Contains("the container late has it", _site.Cdock.Do("start", "web").FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_address_or_protocol_is_no_conflict()
    {
        _site.Start("one", "-p", "127.0.0.1:8080:80");
        _site.Start("two", "-p", "127.0.0.2:8080:80", "-p", Site.HostAddress + ":8080:80", "-p", "8080:80/udp");

        Assert.Equal(125, _site.Cdock.Do("run", "-d", "-p", "8080:80", "host", "true").ExitCode);
        Assert.Equal(125, _site.Cdock.Do("run", "-d", "-p", "8081:80", "-p", "8081:81", "host", "true").ExitCode);
        Assert.Equal(4, _site.Elements().Length);
    }

    [Fact]
    public void Of_a_range_a_port_is_taken_that_is_free_by_IPv4_and_by_IPv6()
    {
        _site.Host.Serve(ProtocolType.Tcp, 7100, "::1");
        _site.Start("one", "-p", "7100-7102:80");

        Assert.Equal("0.0.0.0:7101\n[::]:7101", _site.Cdock.Ok("port", "one", "80"));
        Outcome outcome = _site.Cdock.Do("run", "-d", "-p", "7100:80", "host", "true");
        Assert.Equal((125, "cdock: Bind for [::]:7100 failed: port is already allocated (tcp): a program of the host has it"), (outcome.ExitCode, outcome.FirstError));
        Assert.Single(_site.Cdock.Ids());
    }

    [Fact]
    public void An_address_that_is_not_the_hosts_is_refused()
    {
        Outcome outcome = _site.Cdock.Do("run", "-d", "-p", "203.0.113.7:8080:80", "host", "true");

        Assert.Equal((125, "cdock: cannot publish tcp 203.0.113.7:8080: no interface of the host has the address 203.0.113.7"), (outcome.ExitCode, outcome.FirstError));
        outcome = _site.Cdock.Do("run", "-d", "-p", "[::1]:8080:80/sctp", "host", "true");
        Assert.Equal((125, "cdock: cannot publish 80/sctp at ::1: the container has no address of that family"), (outcome.ExitCode, outcome.FirstError));
        Assert.Empty(_site.Cdock.Ids());
    }

    [Fact]
    public void A_port_is_free_at_once_when_its_container_has_gone()
    {
        for (int i = 0; i < 20; i++)
        {
            using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80", "-p", "8080:80/udp");
            Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
            Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, 8080));
            web.Close();
            _site.Cdock.Ok("rm", "-f", "web");
            Assert.Equal([], _site.Elements());
        }

        for (int i = 0; i < 20; i++)
        {
            _site.Cdock.Ok("run", "--rm", "--runtime", Cdock.Runtime, "-p", "8080:80", "host", "true");
            _site.NothingIsLeft();
        }
    }

    [Fact]
    public void A_port_is_free_at_once_when_its_container_has_stopped_or_ended()
    {
        _site.Start("one", "-p", "8080:80");
        _site.Cdock.Ok("stop", "-t", "0", "one");
        _site.Start("two", "-p", "8080:80");
        for (int i = 0; i < 8; i++)
        {
            (string running, string ended) = i % 2 == 0 ? ("two", "one") : ("one", "two");
            _site.Cdock.Ok(i % 4 < 2 ? ["stop", "-t", "0", running] : ["kill", running]);
            _site.Cdock.Ok("start", ended);
            using NetworkPlace place = _site.Inside(ended);
            place.Serve(ProtocolType.Tcp, 80);
            Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        }

        _site.Cdock.Ok("rm", "-f", "one", "two");
        for (int i = 0; i < 8; i++)
        {
            _site.Cdock.Ok("run", "-d", "--name", "short" + i, "--runtime", Cdock.Runtime, "-p", "8080:80", "host", "true");
            _site.Cdock.Ok("wait", "short" + i);
        }

        Cdock.Until(() => _site.Elements().Length == 0, "the last one's port leads nowhere");
    }

    [Fact]
    public void A_restart_keeps_the_port_and_the_datagrams_find_the_new_one()
    {
        using NetworkPlace before = _site.Server("web", 80, "-p", "8080:80/udp");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, 8080));
        before.Close();
        _site.Cdock.Ok("restart", "-t", "0", "web");
        using NetworkPlace after = _site.Inside("web");
        after.Serve(ProtocolType.Udp, 80);

        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, 8080));
    }

    [Fact]
    public void Ports_are_changed_while_the_container_runs()
    {
        using NetworkPlace web = _site.Server("web", 80, "-p", "8080:80");
        web.Serve(ProtocolType.Tcp, 81);

        _site.Cdock.Ok("update", "-p", "8081:81", "-p", "8082:80/udp", "web");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8081));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Udp, Site.HostAddress, 8082));
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Contains("the container web has it", _site.Cdock.Do("run", "-d", "-p", "8081:81", "host", "true").FirstError, StringComparison.Ordinal);

        _site.Cdock.Ok("update", "--publish-rm", "8080:80", "web");
        Assert.True(_site.Client.HearsNothing(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Equal("80/udp -> 0.0.0.0:8082\n80/udp -> [::]:8082\n81/tcp -> 0.0.0.0:8081\n81/tcp -> [::]:8081", _site.Cdock.Ok("port", "web"));
        _site.Start("late", "-p", "8080:80");

        // In exchange, in one go; and who cannot have all keeps what he has.
        Outcome refused = _site.Cdock.Do("update", "-p", "8083:80", "-p", "8080:80", "--publish-rm", "81", "web");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("the container late has it", refused.FirstError, StringComparison.Ordinal);
        Assert.Equal("80/udp -> 0.0.0.0:8082\n80/udp -> [::]:8082\n81/tcp -> 0.0.0.0:8081\n81/tcp -> [::]:8081", _site.Cdock.Ok("port", "web"));
        _site.Cdock.Ok("update", "-p", "8083:80", "--publish-rm", "81", "web");
        Assert.Equal("80/tcp -> 0.0.0.0:8083\n80/tcp -> [::]:8083\n80/udp -> 0.0.0.0:8082\n80/udp -> [::]:8082", _site.Cdock.Ok("port", "web"));
        Assert.Equal("cdock: No public port '81' published for web", _site.Cdock.Do("update", "--publish-rm", "81", "web").FirstError);

        // What was changed holds for later starts.
        web.Close();
        _site.Cdock.Ok("restart", "-t", "0", "web");
        Assert.Equal("80/tcp -> 0.0.0.0:8083\n80/tcp -> [::]:8083\n80/udp -> 0.0.0.0:8082\n80/udp -> [::]:8082", _site.Cdock.Ok("port", "web"));
        _site.Cdock.Ok("stop", "-t", "0", "web");
        _site.Cdock.Ok("update", "-p", "8084:84", "web");
        Assert.Equal("", _site.Cdock.Ok("port", "web"));
        _site.Cdock.Ok("start", "web");
        Assert.Equal("0.0.0.0:8084\n[::]:8084", _site.Cdock.Ok("port", "web", "84"));
    }

    [Fact]
    public void A_port_that_is_given_up_while_it_runs_is_anybodys()
    {
        _site.Start("one", "-p", "8080:80");
        _site.Cdock.Ok("update", "--publish-rm", "80", "one");

        _site.Host.Serve(ProtocolType.Tcp, 8080, "0.0.0.0");
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
        Assert.Contains("a program of the host has it", _site.Cdock.Do("update", "-p", "8080:80", "one").FirstError, StringComparison.Ordinal);
        Assert.Equal("", _site.Cdock.Ok("port", "one"));
    }

    public void Dispose() => _site.Dispose();
}
