using System.Diagnostics;
using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>
/// cdock, or a supervisor, is killed at its system calls while it connects, publishes or takes back: after the next commands no interface,
/// address, rule, name or port is left, and all can be had again.
/// </summary>
public sealed class NetworkKilledTests : IDisposable
{
    private const int Stride = 67;

    /// <summary>Prime to the other, so that they meet other calls.</summary>
    private const int LongStride = 9;

    private readonly Site _site = new();

    public NetworkKilledTests() => Needs.Program("strace");

    [Theory]
    [InlineData("run -d")]
    [InlineData("run --rm")]
    [InlineData("start")]
    [InlineData("stop -t 0")]
    [InlineData("rm -f")]
    [InlineData("network connect")]
    [InlineData("network disconnect")]
    [InlineData("update")]
    public void Cdock_killed_at_its_calls_leaves_nothing_of_the_network(string verb) => CdockKilled(verb, Stride, _ => true);

    /// <summary>Rules and rows cannot be changed in one: here one of both is changed, and the other is not yet.</summary>
    [Theory]
    [InlineData("rm -f")]
    [InlineData("network connect")]
    [InlineData("network disconnect")]
    [InlineData("update")]
    public void Cdock_killed_as_it_writes_its_database_leaves_nothing_of_the_network(string verb) => CdockKilled(verb, stride: 2, call => call.Name == "pwrite64");

    [Theory]
    [Trait("category", "long")]
    [InlineData("run -d")]
    [InlineData("start")]
    [InlineData("rm -f")]
    [InlineData("network connect")]
    [InlineData("update")]
    public void Cdock_killed_at_more_of_its_calls_leaves_nothing_of_the_network(string verb) => CdockKilled(verb, LongStride, _ => true);

    [Theory]
    [InlineData(Stride)]
    public void A_network_half_made_or_half_removed_is_made_and_removed_again(int stride)
    {
        foreach (string verb in new[] { "create", "rm" })
        {
            if (verb == "rm")
            {
                _site.Cdock.Ok("network", "create", "town");
            }

            foreach (SystemCall call in SystemCall.Some(Traced(["network", verb, "town"]), stride))
            {
                _site.Cdock.Do("network", verb == "create" ? "rm" : "create", "town");
                Kill(["network", verb, "town"], call);
                _site.Cdock.Do("network", "create", "town");
                _site.Start("one", "--network", "town", "-p", "8080:80");
                Reached("one");
                _site.Cdock.Ok("rm", "-f", "one");
                _site.Cdock.Ok("network", "rm", "town");
                Assert.True(Bridges().Length == 0, $"network {verb} killed at its call {call}: {string.Join(' ', Bridges())}");
            }

            _site.Cdock.Do("network", "rm", "town");
        }
    }

    [Fact]
    public void A_supervisor_that_is_killed_takes_its_network_with_it()
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Start("asker", "--network", "town");
        for (int i = 0; i < 5; i++)
        {
            string id = _site.Start("web", "--network", "town", "-p", "8080:80", "-p", "8080:80/udp");
            Kill(Cdock.SupervisorOf(id));
            if (i % 2 == 0)
            {
                // The next command may be just the one that wants the port.
                _site.Start("next", "--network", "town", "-p", "8080:80", "-p", "8080:80/udp");
                Reached("next");
                _site.Cdock.Ok("rm", "-f", "next");
            }

            Cdock.Until(() => _site.Cdock.Ok("ps", "-a").Contains("Exited (137)", StringComparison.Ordinal), "it is shown as ended");
            Assert.Equal("", _site.Find("asker", "web"));
            Assert.Equal([], _site.Elements());
            _site.Cdock.Ok("rm", "-f", "web");
        }
    }

    [Fact]
    public void After_a_reboot_bridges_and_rules_are_made_again()
    {
        _site.Cdock.Ok("network", "create", "town");
        string id = _site.Start("web", "--network", "town", "-p", "8080:80");
        string address = _site.Address("web", "town");
        int program = int.Parse(_site.Inspect("web", "{{.State.Pid}}"), System.Globalization.CultureInfo.InvariantCulture);
        Kill(Cdock.SupervisorOf(id));
        Kill(program);
        Cdock.Until(() => _site.Host.Program("ip", "-o", "link", "show", "type", "veth").Split('\n').Length == 1, "its interfaces are gone");

        // What a reboot leaves: nothing in the kernel, no state of the runtime, and a report of another boot.
        _site.Host.Program("nft", "flush", "ruleset");
        Array.ForEach(Bridges(), bridge => _site.Host.Ip($"link delete {bridge}"));
        Directory.Delete(Path.Join(_site.Cdock.Root, "run"), recursive: true);
        string file = Path.Join(_site.Cdock.Root, "containers", id, "status.json");
        string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        File.WriteAllText(file, File.ReadAllText(file).Replace(boot, "00000000-0000-0000-0000-000000000000", StringComparison.Ordinal));

        _site.Cdock.Ok("start", "web");
        Reached("web");
        Assert.Equal(address, _site.Address("web", "town"));
    }

    public void Dispose() => _site.Dispose();

    private void CdockKilled(string verb, int stride, Func<SystemCall, bool> chosen)
    {
        _site.Cdock.Ok("network", "create", "town");
        _site.Cdock.Ok("network", "create", "other");
        string[] words = Words(verb);
        Prepare(verb);
        SystemCall[] calls = [.. Traced(words).Where(chosen)];
        End("a whole run");
        int tried = 0;
        foreach (SystemCall call in SystemCall.Some(calls, stride))
        {
            Prepare(verb);
            Kill(words, call);
            Outcome next = _site.Cdock.Do("ps", "-a");
            Assert.True(next.ExitCode == 0, $"{verb} killed at its call {call}: {next.Error}");
            if (verb is not ("run -d" or "run --rm" or "rm -f"))
            {
                Outcome again = _site.Cdock.Do("start", "victim");
                Assert.True(again.ExitCode == 0, $"{verb} killed at its call {call}, then started: {again.Error}");
                Reached("victim");
            }

            End($"{verb} killed at its call {call}");
            tried++;
        }

        Assert.True(tried > 5, $"only {tried} calls of {calls.Length} were tried");
        _site.Start("last", "--network", "town", "-p", "8080:80");
        Reached("last");
    }

    private static string[] Words(string verb) => verb switch
    {
        "run -d" => ["run", "-d", "--name", "victim", "--runtime", Cdock.Runtime, .. Connected(), "host", "sleep", "1000000"],
        "run --rm" => ["run", "--rm", "--name", "victim", "--runtime", Cdock.Runtime, .. Connected(), "host", "true"],
        "network connect" => ["network", "connect", "other", "victim"],
        "network disconnect" => ["network", "disconnect", "other", "victim"],
        "update" => ["update", "-p", "8081:81", "--publish-rm", "8082:82/udp", "victim"],
        _ => [.. verb.Split(' '), "victim"],
    };

    private static string[] Connected() => ["--network", "town", "--network-alias", "www", "-p", "8080:80", "-p", "8082:82/udp"];

    private void Prepare(string verb)
    {
        if (verb == "start")
        {
            _site.Cdock.Ok(["create", "--name", "victim", "--runtime", Cdock.Runtime, .. Connected(), "host", "sleep", "1000000"]);
        }
        else if (!verb.StartsWith("run", StringComparison.Ordinal))
        {
            _site.Start("victim", [.. Connected(), .. verb == "network disconnect" ? (string[])["--network", "other"] : []]);
        }
    }

    private void Reached(string name)
    {
        using NetworkPlace inside = _site.Inside(name);
        inside.Serve(ProtocolType.Tcp, 80);
        Assert.Equal(Site.ClientAddress, _site.Client.Ask(ProtocolType.Tcp, Site.HostAddress, 8080));
    }

    private void End(string after)
    {
        _site.Cdock.Do("rm", "-f", "victim");
        Cdock.Until(() => { _site.Cdock.Do("ps"); return _site.Cdock.Ids().Length == 0 && _site.Left().Length == 0; }, $"after {after} nothing is left: {string.Join(' ', _site.Cdock.Ids())} {string.Join("; ", _site.Left())}");
    }

    private string[] Bridges()
        => [.. _site.Host.Program("ip", "-o", "link", "show", "type", "bridge").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[1])];

    private SystemCall[] Traced(string[] words)
    {
        string trace = Path.Join(_site.Cdock.Root, "trace");
        Strace(["-o", trace, Cdock.Program, .. words]);
        return SystemCall.Read(trace);
    }

    private void Kill(string[] words, SystemCall call) => Strace(["-o", "/dev/null", "-e", call.Kill, Cdock.Program, .. words]);

    // Not through pipes: what it leaves behind may hold them.
    private void Strace(string[] words)
    {
        using Process process = _site.Cdock.Start("timeout", ["-s", "KILL", "30", "sh", "-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", "strace", .. words]);
        Cdock.Finish(process);
    }

    private static void Kill(int pid)
    {
        using Process process = Process.GetProcessById(pid);
        process.Kill();
        process.WaitForExit();
    }
}
