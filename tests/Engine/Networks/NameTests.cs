namespace Containerception.Engine.Tests;

/// <summary>Containers of a network that somebody made find each other by name, asked by the programs that users have.</summary>
public sealed class NameTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void Containers_find_each_other_by_name_alias_and_id_and_back()
    {
        _site.Cdock.Ok("network", "create", "town");
        string id = _site.Start("web", "--network", "town", "--network-alias", "www", "--network-alias", "site", "--hostname", "unrelated");
        _site.Start("asker", "--network", "town");
        string address = _site.Address("web", "town");

        foreach (string name in new[] { "web", "WEB", "www", "site", id[..12], "web." })
        {
            Assert.Equal(address, _site.Find("asker", name));
        }

        Assert.Equal("", _site.Find("asker", "unrelated"));
        Assert.Equal(address, _site.Find("web", "web"));
        Assert.Equal("web.", _site.Cdock.Ok("exec", "asker", "dig", "+short", "-x", address));
        Assert.Equal(address, _site.Cdock.Ok("exec", "asker", "dig", "+short", "+tcp", "web"));
        Assert.Contains(" 0% packet loss", _site.Cdock.Ok("exec", "asker", "busybox", "ping", "-c1", "-W5", "web"), StringComparison.Ordinal);
        Assert.Equal("nameserver 127.0.0.11", _site.Cdock.Ok("exec", "asker", "grep", "nameserver", "/etc/resolv.conf"));
    }

    [Fact]
    public void A_name_goes_and_comes_with_its_container()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("asker", "--network", "town");
        Assert.Equal("", _site.Find("asker", "web"));
        _site.Start("web", "--network", "town");
        string address = _site.Address("web", "town");
        Assert.Equal(address, _site.Find("asker", "web"));

        _site.Cdock.Ok("rename", "web", "shop");
        Assert.Equal(("", address), (_site.Find("asker", "web"), _site.Find("asker", "shop")));
        _site.Cdock.Ok("stop", "-t", "0", "shop");
        Assert.Equal("", _site.Find("asker", "shop"));
        _site.Cdock.Ok("start", "shop");
        Assert.Equal(address, _site.Find("asker", "shop"));
        _site.Cdock.Ok("kill", "shop");
        Assert.Equal("", _site.Find("asker", "shop"));
        _site.Cdock.Ok("start", "shop");
        _site.Cdock.Ok("network", "disconnect", "town", "shop");
        Assert.Equal("", _site.Find("asker", "shop"));
        _site.Cdock.Ok("network", "connect", "--alias", "mall", "town", "shop");
        Assert.Equal(_site.Address("shop", "town"), _site.Find("asker", "mall"));
        _site.Cdock.Ok("rm", "-f", "shop");
        Assert.Equal("", _site.Find("asker", "mall"));

        // A program that ends by itself.
        _site.Cdock.Ok("run", "-d", "--name", "short", "--runtime", Cdock.Runtime, "--network", "town", "host", "sleep", "0.1");
        _site.Cdock.Ok("wait", "short");
        Cdock.Until(() => _site.Find("asker", "short").Length == 0, "its name is gone");
    }

    [Fact]
    public void An_alias_of_several_names_all_of_them()
    {
        _site.Cdock.Ok("network", "create", "--ipv6", "town");
        _site.Start("one", "--network", "town", "--network-alias", "crowd");
        _site.Start("two", "--network", "name=town,alias=crowd");
        _site.Start("asker", "--network", "town");

        Assert.Equal(
            new[] { _site.Address("one", "town"), _site.Address("two", "town") }.Order(StringComparer.Ordinal),
            _site.Find("asker", "crowd").Split(' ').Order(StringComparer.Ordinal));
        Assert.Equal(2, _site.Find("asker", "crowd", "ahostsv6").Split(' ').Length);
        Assert.Equal(_site.Address6("one", "town"), _site.Find("asker", "one", "ahostsv6"));
        Assert.Equal("one.", _site.Cdock.Ok("exec", "asker", "dig", "+short", "-x", _site.Address6("one", "town")));
    }

    [Fact]
    public void Names_of_one_network_are_not_known_in_another()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Cdock.Ok("network", "create", "other");
        _site.Start("web", "--network", "town");
        _site.Start("stranger", "--network", "other");
        _site.Start("both", "--network", "town", "--network", "other");
        _site.Start("plain");

        Assert.Equal("", _site.Find("stranger", "web"));
        Assert.Equal(_site.Address("both", "other"), _site.Find("stranger", "both"));
        Assert.Equal(_site.Address("both", "town"), _site.Find("web", "both"));
        Assert.Equal(_site.Address("web", "town"), _site.Find("both", "web"));
        Assert.Equal(_site.Address("stranger", "other"), _site.Find("both", "stranger"));

        // On the default network there are none: docker's rule.
        Assert.Equal("", _site.Find("plain", "web"));
        _site.Start("second");
        Assert.Equal("", _site.Find("plain", "second"));
    }

    [Fact]
    public void Who_comes_from_the_default_network_finds_names_from_then_on()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Cdock.Ok("network", "create", "other");
        _site.Start("web", "--network", "town");
        _site.Start("late");
        Assert.DoesNotContain("127.0.0.11", _site.Cdock.Ok("exec", "late", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);

        _site.Cdock.Ok("network", "connect", "town", "late");
        Assert.Contains("127.0.0.11", _site.Cdock.Ok("exec", "late", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Equal(_site.Address("web", "town"), _site.Find("late", "web"));
        Assert.Equal(_site.Address("late", "town"), _site.Find("web", "late"));
        _site.Cdock.Ok("network", "connect", "other", "late");
        _site.Start("third", "--network", "other");
        Assert.Equal(_site.Address("third", "other"), _site.Find("late", "third"));
        _site.Cdock.Ok("network", "disconnect", "town", "late");
        Assert.Equal("", _site.Find("late", "web"));
        Assert.Equal(_site.Address("third", "other"), _site.Find("late", "third"));
        _site.Cdock.Ok("restart", "-t", "0", "late");
        Assert.Equal(_site.Address("third", "other"), _site.Find("late", "third"));
    }

    [Fact]
    public void Other_names_are_asked_for_where_the_container_says()
    {
        using Dnsmasq server = new(_site.Router, Site.RouterAddress, "--address=/far.example/192.0.2.77", "--address=/short.corp.example/192.0.2.78");
        _site.Cdock.Ok("network", "create", "town");
        _site.Cdock.Ok("network", "create", "--internal", "cellar");
        _site.Start("asker", "--network", "town", "--dns", Site.RouterAddress, "--dns-search", "corp.example", "--dns-option", "timeout:3");
        _site.Start("plain", "--dns", Site.RouterAddress, "--dns-search", "corp.example");

        foreach (string name in new[] { "asker", "plain" })
        {
            Assert.Equal("192.0.2.77", _site.Find(name, "far.example"));
            Assert.Equal("192.0.2.78", _site.Find(name, "short"));
        }

        // Who may not reach the outside does not reach it by asking for names either.
        _site.Start("hidden", "--network", "cellar", "--dns", Site.RouterAddress);
        Assert.Equal("", _site.Find("hidden", "far.example"));
        _site.Cdock.Ok("network", "connect", "town", "hidden");
        Assert.Equal("192.0.2.77", _site.Find("hidden", "far.example"));
        _site.Cdock.Ok("network", "disconnect", "town", "hidden");
        Assert.Equal("", _site.Find("hidden", "far.example"));
        Assert.Equal("nameserver 127.0.0.11\nsearch corp.example\noptions timeout:3 ndots:0", _site.Cdock.Ok("exec", "asker", "cat", "/etc/resolv.conf"));
        Assert.Equal($"nameserver {Site.RouterAddress}\nsearch corp.example", _site.Cdock.Ok("exec", "plain", "cat", "/etc/resolv.conf"));
    }

    public void Dispose() => _site.Dispose();
}

/// <summary>The same where the host itself has a resolver.</summary>
public sealed class HostResolverTests : IDisposable
{
    private readonly string _resolvConf = Path.GetTempFileName();
    private readonly Site _site;

    public HostResolverTests()
    {
        File.WriteAllText(_resolvConf, "# the host's\nnameserver 192.0.2.1\nsearch corp.example\noptions ndots:2 edns0\n");
        _site = new Site("unshare", "--mount", "--propagation", "slave", "sh", "-c", $"mount --bind {_resolvConf} /etc/resolv.conf && exec \"$@\"", "sh");
    }

    [Fact]
    public void Containers_ask_whom_the_host_asks()
    {
        using Dnsmasq server = new(_site.Router, Site.RouterAddress, "--address=/far.example/192.0.2.77");
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("asker", "--network", "town");
        _site.Start("plain");

        Assert.Equal("192.0.2.77", _site.Find("asker", "far.example"));
        Assert.Equal("192.0.2.77", _site.Find("plain", "far.example"));
        Assert.Equal("nameserver 127.0.0.11\nsearch corp.example\noptions edns0 ndots:0", _site.Cdock.Ok("exec", "asker", "cat", "/etc/resolv.conf"));
        Assert.Equal("nameserver 192.0.2.1\nsearch corp.example\noptions ndots:2 edns0", _site.Cdock.Ok("exec", "plain", "cat", "/etc/resolv.conf"));
    }

    [Fact]
    public void A_resolver_on_the_hosts_loopback_is_reached_by_names_alone()
    {
        File.WriteAllText(_resolvConf, "nameserver 127.0.0.53\n");
        using Dnsmasq server = new(_site.Host, "127.0.0.53", "--address=/far.example/192.0.2.77");
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("asker", "--network", "town");
        _site.Start("plain");

        Assert.Equal("192.0.2.77", _site.Find("asker", "far.example"));
        Assert.DoesNotContain("127.0.0.53", _site.Cdock.Ok("exec", "plain", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _site.Dispose();
        File.Delete(_resolvConf);
    }
}
