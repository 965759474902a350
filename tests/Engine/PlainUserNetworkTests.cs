using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Containerception.Engine.Tests;

/// <summary>
/// The network namespace of a plain user's containers, on a machine made of a network namespace, beside another that is its router and a host on
/// the same wire.
/// </summary>
public sealed class PlainUserNetworkTests : IDisposable
{
    private readonly string _machine = $"cdm{Environment.ProcessId}";
    private readonly string _other = $"cdo{Environment.ProcessId}";
    private readonly PlainUser _user = new();

    public PlainUserNetworkTests()
    {
        Needs.Program("pasta");
        Needs.Program("ip");
        Needs.PathTo("/dev/net/tun");
        Shell($"""
            ip netns add {_machine}
            ip netns add {_other}
            ip -n {_machine} link add eth0 type veth peer name eth0 netns {_other}
            ip -n {_machine} link set lo up
            ip -n {_machine} addr add 10.99.0.1/24 dev eth0
            ip -n {_machine} addr add fd99::1/64 dev eth0 nodad
            ip -n {_other} addr add 10.99.0.2/24 dev eth0
            ip -n {_other} addr add 10.99.0.3/24 dev eth0
            ip -n {_other} addr add fd99::2/64 dev eth0 nodad
            ip -n {_machine} link set eth0 up
            ip -n {_other} link set eth0 up
            ip -n {_machine} route add default via 10.99.0.2
            ip -n {_machine} route add default via fd99::2
            mknod -m 666 {_user.Top}/tun c 10 200
            chmod 666 {_user.Top}/tun
            """);
        _user.Network = _machine;
    }

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
        ProcessStartInfo start = new("nsenter", [$"--net=/run/netns/{_other}", "busybox", "nc", "-l", "-p", "7000"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process listener = Process.Start(start)!;
        Cdock.Until(() => Listens(_other, 7000), "it listens");

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
        Assert.Single(Pastas());
    }

    [Fact]
    public void A_killed_pasta_is_started_again_and_one_of_a_killed_keeper_is_ended()
    {
        _user.Ok("child", "--network", "true");
        PlainUser.Kill(Pastas().Single());
        _user.Ok("child", "--network", "true");
        Assert.Single(Pastas());
        PlainUser.Kill(_user.Keeper);

        _user.Ok("child", "--network", "true");

        Cdock.Until(() => Pastas().Length == 1, "the earlier one is gone");
    }

    [Fact]
    public void Without_a_tun_device_for_everybody_he_is_told_so()
    {
        Shell($"chmod 600 {_user.Top}/tun");

        Outcome outcome = _user.Do("child", "--network", "true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("pasta could not connect", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/dev/net/tun", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_of_the_host_network_are_in_the_machines()
        => Assert.Contains("eth0", _user.Ok("run", "--rm", "--network", "host", "host", "cat", "/proc/net/dev"), StringComparison.Ordinal);

    public void Dispose()
    {
        Array.ForEach(Pastas(), PlainUser.Kill);
        Shell($"ip netns del {_machine}; ip netns del {_other}");
        _user.Dispose();
    }

    private int[] Pastas()
        => [.. Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse)
            .Where(IsPasta)];

    private bool IsPasta(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline") is string line && line.Contains("pasta", StringComparison.Ordinal)
                && line.Contains($"{_user.Top}/run/cdock/network", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool Listens(string machine, int port)
    {
        using Process ss = Process.Start(new ProcessStartInfo("nsenter", [$"--net=/run/netns/{machine}", "cat", "/proc/net/tcp", "/proc/net/tcp6"]) { RedirectStandardOutput = true })!;
        return Regex.IsMatch(ss.StandardOutput.ReadToEnd(), $":{port:X4} 0+:0000 0A");
    }

    private static void Shell(string script)
    {
        using Process process = Process.Start("sh", ["-e", "-c", script]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
