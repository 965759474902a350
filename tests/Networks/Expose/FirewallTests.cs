using System.Net;

namespace Containerception.Networks.Tests;

/// <summary>The table as nft(8) reads it, and how it changes.</summary>
public sealed class FirewallTests : IDisposable
{
    private const string Table = "expose_test";
    private static readonly string[] Rules = File.ReadAllLines(Path.Combine(Repository.Root, "tests/Networks/Expose/table.nft"));

    private readonly Machine _host;
    private readonly Firewall _firewall = new(Table);

    public FirewallTests()
    {
        Needs.Root();
        Needs.Program("ip");
        Needs.Program("nft");
        _host = new Machine("table");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Another_program_reads_the_rules_as_they_are_meant()
    {
        _host.Run(() => _firewall.Rebuild(
            [Town.One, Town.Two with { Masquerade = false, Talks = false, IsInternal = true }],
            [Port(PortProtocol.Tcp, "0.0.0.0", 80), Port(PortProtocol.Sctp, "192.0.2.1", 81), Port(PortProtocol.Udp, "::", 82), Port(PortProtocol.Tcp, "fd90::1", 83)]));

        string listed = List();

        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, "tests/Networks/Expose/table.nft"), listed + "\n");
        }

        Assert.Equal(string.Join('\n', Rules), listed);
    }

    [Fact]
    public void What_another_program_made_of_the_list_is_the_same()
    {
        // nft reads its own list back, into a table of another name, and lists that.
        string copy = Path.GetTempFileName();
        File.WriteAllText(copy, string.Join('\n', Rules).Replace(Table, "copy", StringComparison.Ordinal) + "\n");
        _host.Program("nft", "-f", copy).Succeeded();
        File.Delete(copy);

        Assert.Equal(string.Join('\n', Rules), _host.Program("nft", "list", "table", "inet", "copy").Succeeded().Replace("copy", Table, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_is_intact_after_it_was_made_and_used()
    {
        PublishedPort port = Port(PortProtocol.Tcp, "0.0.0.0", 80);
        Assert.False(Intact());
        _host.Run(() => _firewall.Rebuild([], []));
        Assert.True(Intact());
        _host.Run(() => _firewall.Add(Town.One));
        _host.Run(() => _firewall.Publish([port]));
        Assert.True(Intact());
        _host.Run(() => _firewall.Rebuild([Town.One], [port]));
        Assert.True(Intact());
        _host.Run(_firewall.Remove);
        Assert.False(Intact());
        _host.Run(_firewall.Remove);
    }

    [Theory]
    [InlineData("flush ruleset")]
    [InlineData("delete table inet expose_test")]
    [InlineData("flush chain inet expose_test to_bridge")]
    [InlineData("add rule inet expose_test forward accept")]
    [InlineData("insert rule inet expose_test to_bridge accept")]
    [InlineData("add chain inet expose_test forward { policy drop; }")]
    [InlineData("add table inet expose_test { flags dormant; }")]
    public void A_stranger_who_was_in_the_table_is_noticed(string command)
    {
        _host.Run(() => _firewall.Rebuild([Town.One], []));
        Assert.True(Intact());

        _host.Program(["nft", .. command.Split(' ')]).Succeeded();
        Assert.False(Intact());

        _host.Run(() => _firewall.Rebuild([Town.One], []));
        Assert.True(Intact());
    }

    [Fact]
    public void Each_rule_is_missed()
    {
        _host.Run(() => _firewall.Rebuild([], []));
        List<(string Chain, string Handle)> rules = [];
        string chain = "";
        foreach (string line in _host.Program("nft", "-a", "list", "table", "inet", Table).Succeeded().Split('\n').Select(line => line.Trim()))
        {
            chain = line.StartsWith("chain ", StringComparison.Ordinal) ? line.Split(' ')[1] : chain;
            if (chain.Length > 0 && !line.StartsWith("chain ", StringComparison.Ordinal) && line.Contains("# handle ", StringComparison.Ordinal))
            {
                rules.Add((chain, line.Split(' ')[^1]));
            }
        }

        Assert.True(rules.Count > 20, $"only {rules.Count} rules found");
        foreach ((string of, string handle) in rules)
        {
            _host.Program("nft", "delete", "rule", "inet", Table, of, "handle", handle).Succeeded();
            Assert.False(Intact());
            _host.Run(() => _firewall.Rebuild([], []));
            Assert.True(Intact());
        }
    }

    [Fact]
    public void Tables_of_others_are_left_alone()
    {
        _host.Program("nft", "add", "table", "inet", "theirs", "{ chain c { type filter hook forward priority 0; policy drop; ip saddr 10.0.0.1 accept; }; }").Succeeded();
        string before = _host.Program("nft", "list", "table", "inet", "theirs").Succeeded();

        _host.Run(() => _firewall.Rebuild([Town.One], []));
        Assert.True(Intact());
        _host.Run(() => new Firewall("second").Rebuild([Town.Two], []));
        Assert.True(Intact());
        _host.Run(_firewall.Remove);

        Assert.Equal(before, _host.Program("nft", "list", "table", "inet", "theirs").Succeeded());
        Assert.True(_host.Run(() => new Firewall("second").IsIntact()));
    }

    [Fact]
    public void What_is_added_and_removed_leaves_the_table_as_it_was()
    {
        _host.Run(() => _firewall.Rebuild([Town.One], [Port(PortProtocol.Tcp, "0.0.0.0", 80)]));
        _host.Run(() => _firewall.Rebuild([], []));
        string before = List();
        PublishedPort[] ports = [Port(PortProtocol.Tcp, "0.0.0.0", 81), Port(PortProtocol.Udp, "::", 81), Port(PortProtocol.Sctp, "fd90::1", 81), Port(PortProtocol.Tcp, "127.0.0.1", 80)];

        for (int twice = 0; twice < 2; twice++)
        {
            _host.Run(() => _firewall.Add(Town.Two));
            _host.Run(() => _firewall.Publish(ports));
        }

        Assert.NotEqual(before, List());
        for (int twice = 0; twice < 2; twice++)
        {
            _host.Run(() => _firewall.Remove(Town.Two));
            _host.Run(() => _firewall.Withdraw(ports));
        }

        Assert.Equal(before, List());
    }

    [Fact]
    public void Networks_side_by_side_are_told_apart()
    {
        BridgeRules[] neighbours = [.. Enumerable.Range(0, 4).Select(n => new BridgeRules
        {
            Bridge = $"b{n}",
            Subnets = [IPNetwork.Parse($"10.1.{n}.0/24"), IPNetwork.Parse($"fd01:0:0:{n}::/64")],
        })];
        _host.Run(() => _firewall.Rebuild(neighbours[..1], []));
        string one = List();

        foreach (BridgeRules next in neighbours[1..].Reverse())
        {
            _host.Run(() => _firewall.Add(next));
        }

        foreach (BridgeRules next in neighbours[1..])
        {
            _host.Run(() => _firewall.Remove(next));
        }

        Assert.Equal(one, List());
    }

    [Fact]
    public void A_port_that_leads_elsewhere_is_taken_over_and_not_taken_back()
    {
        PublishedPort old = Port(PortProtocol.Tcp, "0.0.0.0", 80);
        PublishedPort other = Port(PortProtocol.Tcp, "0.0.0.0", 81);
        PublishedPort mine = old with { ContainerAddress = IPAddress.Parse("10.91.0.77") };
        _host.Run(() => _firewall.Rebuild([Town.One], [old, other]));

        _host.Run(() => _firewall.Publish([mine, Port(PortProtocol.Tcp, "0.0.0.0", 82)]));
        Assert.Contains("10.91.0.77", List(), StringComparison.Ordinal);
        _host.Run(() => _firewall.Withdraw([old, other]));

        string listed = List();
        Assert.Contains("10.91.0.77", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("tcp . 81", listed, StringComparison.Ordinal);
        Assert.Contains("tcp . 82", listed, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_without_a_table_is_refused_and_a_removal_has_nothing_to_do()
    {
        PublishedPort port = Port(PortProtocol.Tcp, "0.0.0.0", 80);
        LinuxException error = Assert.Throws<LinuxException>(() => _host.Run(() => _firewall.Publish([port])));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("NFT_MSG_NEWSETELEM, 1 elements of expose_test anyports4", error.Message, StringComparison.Ordinal);
        _host.Run(() => _firewall.Withdraw([port]));
        _host.Run(() => _firewall.Remove(Town.One));
    }

    [Fact]
    public void What_is_relayed_from_one_family_to_the_other_is_no_element()
    {
        _host.Run(() => _firewall.Rebuild([], []));
        string before = List();
        PublishedPort[] relayed =
            [Port(PortProtocol.Tcp, "::", 80) with { ContainerAddress = IPAddress.Parse("10.0.0.1") }];
        _host.Run(() => _firewall.Publish(relayed));
        Assert.Equal(before, List());
        _host.Run(() => _firewall.Withdraw(relayed));
        Assert.Equal(before, List());
    }

    [Fact]
    public void Without_the_right_to_it_the_kernel_refuses_the_whole()
    {
        using Machine stranger = new("stranger");
        LinuxException error = Assert.Throws<LinuxException>(() => stranger.Run(() =>
        {
            Capabilities.Set(default);
            _firewall.Rebuild([], []);
        }));
        Assert.Equal(Errno.EPERM, error.Errno);
    }

    [Fact]
    public void Ten_thousand_ports_fit_in_a_transaction()
    {
        PublishedPort[] ports = [.. Enumerable.Range(10_000, 10_000).Select(port => Port(PortProtocol.Udp, "fd90::1", (ushort)port))];
        _host.Run(() => _firewall.Rebuild([Town.One], ports));
        Assert.Contains("udp . 19999", List(), StringComparison.Ordinal);
        _host.Run(() => _firewall.Withdraw(ports));
        Assert.DoesNotContain("udp . ", List(), StringComparison.Ordinal);
    }

    private static PublishedPort Port(PortProtocol protocol, string host, ushort port) => new()
    {
        Protocol = protocol,
        HostAddress = IPAddress.Parse(host),
        HostPort = port,
        ContainerAddress = IPAddress.Parse(host.Contains(':', StringComparison.Ordinal) ? "fd91::2" : "10.91.0.2"),
        ContainerPort = 8080,
    };

    private bool Intact() => _host.Run(_firewall.IsIntact);

    private string List() => _host.Program("nft", "list", "table", "inet", Table).Succeeded();
}
