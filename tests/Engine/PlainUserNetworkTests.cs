using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>
/// The network namespace of a plain user's containers, on a machine made of a network namespace, beside another that is its router and a host on
/// the same wire.
/// </summary>
public sealed class PlainUserNetworkTests : IDisposable
{
    private readonly PlainUserMachine _place = new();
    private readonly PlainUser _user;

    public PlainUserNetworkTests() => _user = _place.User;

    [Fact]
    public void It_has_the_machines_address_and_routes_and_forwards()
    {
        string said = _user.Ok("child", "--network", "sh", "-c", "ip -br addr; ip route; ip -6 route; echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward");

        Assert.Matches(@"(?m)^pasta0 .* 10\.99\.0\.1/24 fd99::1/64 ", said);
        Assert.Matches(@"(?m)^lo .* 127\.0\.0\.1/8", said);
        Assert.Contains("default via 10.99.0.2 dev pasta0", said, StringComparison.Ordinal);
        Assert.Contains("default via fd99::2 dev pasta0", said, StringComparison.Ordinal);
        Assert.EndsWith("\n1", said, StringComparison.Ordinal);
    }

    [Fact]
    public void From_it_others_are_reached()
    {
        ProcessStartInfo start = new("nsenter", [$"--net=/run/netns/{_place.Other}", "busybox", "nc", "-l", "-p", "7000"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process listener = Process.Start(start)!;
        Cdock.Until(() => PlainUserMachine.Listens(_place.Other, 7000), "it listens");

        _user.Ok("child", "--network", "sh", "-c", "echo hello | busybox nc 10.99.0.3 7000");

        Assert.Equal("hello\n", Cdock.Finish(listener).Output);
    }

    [Fact]
    public void All_commands_share_one_and_one_pasta()
    {
        Process[] starters = [.. Enumerable.Range(0, 3).Select(_ => _user.Start("child", "--network", "readlink", "/proc/self/ns/net"))];
        Outcome[] outcomes = [.. starters.Select(Cdock.Finish)];
        Array.ForEach(starters, process => process.Dispose());

        Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.Error));
        Assert.Single(outcomes.Select(outcome => outcome.Output).Distinct());
        Assert.Equal(outcomes[0].Output.TrimEnd(), new FileInfo($"/proc/{_user.Keeper}/ns/net").LinkTarget);
        Assert.Single(_place.Pastas());
    }

    [Fact]
    public void A_killed_pasta_is_started_again_and_one_of_a_killed_keeper_is_ended()
    {
        _user.Ok("child", "--network", "true");
        PlainUser.Kill(_place.Pastas().Single());
        _user.Ok("child", "--network", "true");
        Assert.Single(_place.Pastas());
        PlainUser.Kill(_user.Keeper);

        _user.Ok("child", "--network", "true");

        Cdock.Until(() => _place.Pastas().Length == 1, "the earlier one is gone");
    }

    [Fact]
    public void Without_a_tun_device_for_everybody_he_is_told_so()
    {
        PlainUserMachine.Shell($"chmod 600 {_user.Top}/tun");

        Outcome outcome = _user.Do("child", "--network", "true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("pasta could not connect", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/dev/net/tun", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_of_the_host_network_are_in_the_machines()
        => Assert.Contains("eth0", _user.Ok("run", "--rm", "--network", "host", "host", "cat", "/proc/net/dev"), StringComparison.Ordinal);

    [Fact]
    public void Without_a_default_route_he_is_told_so_and_runs_without_networks()
    {
        PlainUserMachine.Shell($"ip -n {_place.Machine} route del default; ip -n {_place.Machine} -6 route del default");

        Outcome outcome = _user.Do("run", "--rm", "-p", "8080:80", "host", "true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("default route", outcome.Error, StringComparison.Ordinal);
        _user.Ok("run", "--rm", "--network", "none", "host", "true");
    }

    [Fact]
    public void Containers_reach_each_other_by_name_and_others_by_the_machines_address()
    {
        _user.Ok("network", "create", "shop");
        _user.Ok("run", "-d", "--name", "web", "--network", "shop", "host", "sleep", "1000");
        _user.Ok("run", "-d", "--name", "db", "host", "sleep", "1000");
        using Socket web = _place.InContainer("web", () => PlainUserMachine.Listener("0.0.0.0", 80));

        Assert.Contains("web", _user.Ok("run", "--rm", "--network", "shop", "host", "getent", "hosts", "web"), StringComparison.Ordinal);
        Assert.NotEqual(0, _user.Do("exec", "db", "getent", "hosts", "web").ExitCode);
        _user.Ok("network", "connect", "shop", "db");
        using (Process asked = _user.Start("exec", "db", "busybox", "nc", "-w", "2", "web", "80"))
        {
            web.Accept().Close();
            Cdock.Finish(asked);
        }

        _user.Ok("network", "disconnect", "shop", "db");
        Assert.NotEqual(0, _user.Do("exec", "db", "busybox", "nc", "-w", "2", "web", "80").ExitCode);

        using Socket others = _place.InOther(() => PlainUserMachine.Listener("10.99.0.3", 7000));
        using Process asking = _user.Start("exec", "db", "busybox", "nc", "-w", "2", "10.99.0.3", "7000");
        using Socket accepted = others.Accept();
        Assert.Equal("10.99.0.1", ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString());
        accepted.Close();
        Cdock.Finish(asking);
    }

    [Fact]
    public void What_only_root_can_have_is_refused()
    {
        Assert.Contains("macvlan is not for another user than root", _user.Do("network", "create", "-d", "macvlan", "-o", "parent=eth0", "far").Error, StringComparison.Ordinal);
        Assert.Contains("sctp", _user.Do("run", "--rm", "-p", "9000:9000/sctp", "host", "true").Error, StringComparison.Ordinal);
    }

    public void Dispose() => _place.Dispose();
}
