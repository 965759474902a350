using System.Text.Json;

namespace Containerception.Engine.Tests;

/// <summary><c>cdock network</c> in docker's words.</summary>
public sealed class NetworkCommandTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void A_network_is_made_listed_told_of_and_removed()
    {
        string id = _site.Cdock.Ok("network", "create", "--subnet", "172.30.1.0/24", "--ipv6", "--label", "a=b", "--internal", "--attachable", "town");
        Assert.Matches("^[0-9a-f]{64}$", id);
        Assert.Contains("br-" + id[..12], _site.Host.Interfaces());
        string list = _site.Cdock.Ok("network", "ls");
        Assert.Matches("^NETWORK ID +NAME +DRIVER +SCOPE\n[0-9a-f]{12} +bridge +bridge +local\n[0-9a-f]{12} +host +host +local\n[0-9a-f]{12} +none +null +local\n" + id[..12] + " +town +bridge +local$", list);

        _site.Start("one", "--network", "town", "--network-alias", "uno");
        using JsonDocument all = JsonDocument.Parse(_site.Cdock.Ok("network", "inspect", "town"));
        JsonElement one = all.RootElement[0];
        Assert.Equal(id, one.GetProperty("Id").GetString());
        Assert.Equal("town local bridge True True True", $"{one.GetProperty("Name")} {one.GetProperty("Scope")} {one.GetProperty("Driver")} {one.GetProperty("EnableIPv6")} {one.GetProperty("Internal")} {one.GetProperty("Attachable")}");
        Assert.Equal("172.30.1.0/24 172.30.1.1", $"{one.GetProperty("IPAM").GetProperty("Config")[0].GetProperty("Subnet")} {one.GetProperty("IPAM").GetProperty("Config")[0].GetProperty("Gateway")}");
        JsonProperty member = one.GetProperty("Containers").EnumerateObject().Single();
        Assert.Equal("one 172.30.1.2/24", $"{member.Value.GetProperty("Name")} {member.Value.GetProperty("IPv4Address")}");
        Assert.Equal("b\n", _site.Cdock.Do("network", "inspect", "-f", "{{.Labels.a}}", id[..8]).Output);
        Assert.Equal("town", _site.Inspect("one", "{{.HostConfig.NetworkMode}}"));
        Assert.Equal("[one uno " + _site.Cdock.Ids()[0][..12] + "]", _site.Inspect("one", "{{(index .NetworkSettings.Networks \"town\").DNSNames}}"));

        Outcome used = _site.Cdock.Do("network", "rm", "town");
        Assert.Equal((1, $"cdock: network town has active endpoints: {_site.Cdock.Ids()[0][..12]}"), (used.ExitCode, used.FirstError));
        _site.Cdock.Ok("rm", "-f", "one");
        Assert.Equal("town", _site.Cdock.Ok("network", "rm", "town"));
        Assert.DoesNotContain("br-" + id[..12], _site.Host.Interfaces());
        Assert.DoesNotContain("br-" + id[..12], _site.Host.Program("nft", "list", "ruleset"), StringComparison.Ordinal);
        Assert.Equal((1, "cdock: network town not found"), (_site.Cdock.Do("network", "rm", "town").ExitCode, _site.Cdock.Do("network", "rm", "town").FirstError));
        Assert.Equal(0, _site.Cdock.Do("network", "rm", "-f", "town").ExitCode);
    }

    [Fact]
    public void Lists_are_filtered_and_formatted()
    {
        string id = _site.Cdock.Ok("network", "create", "--label", "a=b", "town");
        _site.Cdock.Ok("network", "create", "-o", "com.docker.network.driver.mtu=1400", "village");
        _site.Start("one", "--network", "town");

        Assert.Equal("town\nvillage", List("type=custom"));
        Assert.Equal("bridge\nhost\nnone", List("type=builtin"));
        Assert.Equal("town", List("label=a"));
        Assert.Equal("town", List("label=a=b"));
        Assert.Equal("", List("label=a=c"));
        Assert.Equal("village", List("dangling=true"));
        Assert.Equal("village", List("name=vill"));
        Assert.Equal("town", List("id=" + id[..6]));
        Assert.Equal("none", List("driver=null"));
        Assert.Equal("bridge\nhost\nnone\ntown\nvillage", List("scope=local"));
        Assert.Equal(id, _site.Cdock.Ok("network", "ls", "-q", "--no-trunc", "-f", "name=town"));
        using JsonDocument row = JsonDocument.Parse(_site.Cdock.Ok("network", "ls", "-f", "name=town", "--format", "json"));
        Assert.Equal("town", row.RootElement.GetProperty("Name").GetString());
        Assert.Equal("one", _site.Cdock.Ok("ps", "-f", "network=town", "--format", "{{.Names}}"));
        Assert.Equal("town", _site.Cdock.Ok("ps", "--format", "{{.Networks}}"));
    }

    [Fact]
    public void Prune_removes_what_nobody_uses()
    {
        _site.Cdock.Ok("network", "create", "used");
        _site.Cdock.Ok("network", "create", "stopped");
        _site.Cdock.Ok("network", "create", "unused");
        _site.Cdock.Ok("network", "create", "--label", "keep", "kept");
        _site.Start("one", "--network", "used");
        _site.Cdock.Ok("create", "--network", "stopped", "host", "true");

        Assert.Equal("Deleted Networks:\nunused", _site.Cdock.Ok("network", "prune", "-f", "--filter", "label!=keep").Trim());
        Assert.Equal("bridge\nhost\nkept\nnone\nstopped\nused", List("scope=local"));
        Assert.Equal(0, _site.Cdock.Do(["network", "prune"], "n\n").ExitCode);
        Assert.Contains("kept", List("scope=local"), StringComparison.Ordinal);
        Assert.Equal("Deleted Networks:\nkept", _site.Cdock.Ok("network", "prune", "--force").Trim());
        Assert.Equal("", _site.Cdock.Ok("network", "prune", "--force"));
    }

    [Fact]
    public void Subnets_of_two_networks_do_not_overlap()
    {
        _site.Cdock.Ok("network", "create", "--subnet", "172.30.0.0/16", "wide");
        Outcome inside = _site.Cdock.Do("network", "create", "--subnet", "172.30.1.0/24", "narrow");
        Assert.Equal((1, "cdock: the subnet 172.30.1.0/24 overlaps with that of the network wide"), (inside.ExitCode, inside.FirstError));
        Outcome again = _site.Cdock.Do("network", "create", "wide");
        Assert.Equal((1, "cdock: network with name wide already exists"), (again.ExitCode, again.FirstError));
        Assert.Equal("wide", List("type=custom"));
        _site.Cdock.Ok("network", "create", "-o", "com.docker.network.bridge.name=own0", "named");
        Assert.Contains("own0", _site.Host.Interfaces());
        Outcome taken = _site.Cdock.Do("network", "create", "-o", "com.docker.network.bridge.name=own0", "late");
        Assert.Equal((1, "cdock: the bridge own0 is that of the network named"), (taken.ExitCode, taken.FirstError));

        // An interface of somebody else is not taken over.
        Assert.Equal(1, _site.Cdock.Do("network", "create", "-o", "com.docker.network.bridge.name=eth0", "thief").ExitCode);
        _site.Host.Ip("link add foreign0 type bridge");
        Assert.Equal(1, _site.Cdock.Do("network", "create", "-o", "com.docker.network.bridge.name=foreign0", "thief").ExitCode);
        Assert.Equal("named\nwide", List("type=custom"));
        Assert.Contains("foreign0", _site.Host.Interfaces());
        string rules = _site.Host.Program("nft", "list", "ruleset");
        Assert.All(["\"eth0\"", "\"foreign0\""], name => Assert.DoesNotContain(name, rules, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"driver\": 7}")]
    [InlineData("nothing")]
    public void A_row_that_somebody_has_damaged_is_told(string damage)
    {
        _site.Cdock.Ok("network", "create", "town");
        string whole = _site.Rows("SELECT definition FROM networks WHERE name = 'town'");
        _site.Rows($"UPDATE networks SET definition = '{damage}' WHERE name = 'town'");

        Outcome outcome = _site.Cdock.Do("network", "inspect", "town");
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("cdock: the database is damaged: a row: ", outcome.FirstError, StringComparison.Ordinal);
        _site.Rows($"UPDATE networks SET definition = '{whole}' WHERE name = 'town'");
        Assert.Equal("town", _site.Cdock.Ok("network", "inspect", "-f", "{{.Name}}", "town"));
    }

    [Fact]
    public void Events_and_the_cleaning_of_all_know_networks()
    {
        string id = _site.Cdock.Ok("network", "create", "town");
        _site.Start("one");
        _site.Cdock.Ok("network", "connect", "town", "one");
        _site.Cdock.Ok("network", "disconnect", "town", "one");
        _site.Cdock.Ok("system", "prune", "-f");

        string events = _site.Cdock.Ok("events", "--since", "1h", "--until", "0s", "--filter", "type=network", "--format", "{{.Action}} {{.Actor.ID}}");
        Assert.Equal(string.Join('\n', new[] { "create", "connect", "disconnect", "destroy" }.Select(action => $"{action} {id}")), string.Join('\n', events.Split('\n').Where(line => line.Contains(id, StringComparison.Ordinal))));
        Assert.Equal("", List("type=custom"));
    }

    public void Dispose() => _site.Dispose();

    private string List(string filter) => _site.Cdock.Ok("network", "ls", "--format", "{{.Name}}", "-f", filter);
}
