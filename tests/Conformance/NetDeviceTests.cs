using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Network interfaces that move into the container. The host is a network namespace of the test, with two ends of a cable.</summary>
public sealed class NetDeviceTests : ContainerTest, IDisposable
{
    private readonly Process _host;

    public NetDeviceTests()
    {
        Needs.Program("ip");
        Needs.Program("nsenter");
        _host = Process.Start("unshare", ["--net", "sleep", "1000"]);
        string own = new FileInfo("/proc/self/ns/net").LinkTarget!;
        WaitFor(() => new FileInfo($"/proc/{_host.Id}/ns/net").LinkTarget != own, "a network namespace");
        Ip("link add v0 mtu 1300 address 02:00:00:00:00:05 type veth peer name v1");
        Ip("address add 192.0.2.1/24 brd + dev v0");
        Ip("address add 198.51.100.9/32 dev v0");
        Ip("link set v1 up");
        Ip("link set v0 up");
    }

    void IDisposable.Dispose()
    {
        _host.Kill();
        _host.WaitForExit();
        _host.Dispose();
        Dispose();
    }

    [Theory]
    [InlineData("eth7", "eth7")]
    [InlineData(null, "v0")]
    [InlineData("", "v0")]
    [InlineData("net%d", "net0")]
    public void A_device_moves_and_stays_what_it_was(string? name, string shown)
    {
        Move("v0", name);
        string inside = RunInside("/bin/busybox", "ip", "address", "show", "dev", shown).Succeeded();
        Assert.Contains("mtu 1300", inside, StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:05", inside, StringComparison.Ordinal);
        Assert.Contains("inet 192.0.2.1/24 brd 192.0.2.255", inside, StringComparison.Ordinal);
        Assert.Contains("inet 198.51.100.9/32", inside, StringComparison.Ordinal);
        Assert.Contains(",UP", inside, StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_of_the_next_generation_move_too()
    {
        Needs.PathTo("/proc/net/if_inet6");
        Ip("-6 address add 2001:db8::5/64 dev v0 nodad");
        Move("v0", "eth7");
        string inside = RunInside("/bin/busybox", "ip", "-6", "address", "show", "dev", "eth7").Succeeded();
        Assert.Contains("2001:db8::5/64", inside, StringComparison.Ordinal);
        // Made anew by the kernel from the hardware address, not carried over as well.
        Assert.Single(inside.Split('\n'), line => line.Contains("fe80::", StringComparison.Ordinal));
    }

    [Fact]
    public void A_device_is_the_containers_alone_and_goes_with_it()
    {
        Move("v0", "eth7");
        Config.Set("process.args", new JsonArray("/bin/sleep", "1000"));
        Bundle.Save();
        using (Command create = Through("create", "--bundle", Bundle.Path, Id))
        {
            create.Wait().Succeeded();
        }

        Assert.DoesNotContain("v0", Ip("-brief link"), StringComparison.Ordinal);
        Runtime.Invoke("delete", "--force", Id).Succeeded();
        // The kernel takes a namespace down behind one's back.
        WaitFor(() => !Ip("-brief link").Contains("v1", StringComparison.Ordinal), "the end of the network namespace");
    }

    [Fact]
    public void A_device_moves_into_a_namespace_that_is_joined_and_stays_there()
    {
        using Process other = Process.Start("unshare", ["--net", "sleep", "1000"]);
        try
        {
            string own = new FileInfo("/proc/self/ns/net").LinkTarget!;
            WaitFor(() => new FileInfo($"/proc/{other.Id}/ns/net").LinkTarget != own, "a network namespace");
            Config.WithNamespace("network", $"/proc/{other.Id}/ns/net");
            Move("v0", "eth7");
            RunInside("/bin/true").Succeeded();
            Assert.Contains("192.0.2.1/24", Command.Run("nsenter", "-t", Text(other.Id), "-n", "ip", "address", "show", "dev", "eth7").Succeeded(), StringComparison.Ordinal);
        }
        finally
        {
            other.Kill();
        }
    }

    /// <summary>Others of such a name are made in the namespace all the time: what is configured is what was moved.</summary>
    [Fact]
    public void Another_interface_that_appears_meanwhile_is_not_taken_for_it()
    {
        const int Devices = 8;
        string script = Path.Combine(Scratch, "others");
        File.WriteAllLines(script, Enumerable.Repeat("link add net%d type veth", 10));
        using Process other = Process.Start("unshare", ["--net", "/bin/sh", "-c", $"touch {script}.there; while [ ! -e {script}.go ]; do :; done; while [ -e {script} ]; do ip -batch {script}; done; touch {script}.over; exec sleep 1000"]);
        try
        {
            WaitFor(() => File.Exists(script + ".there"), "a network namespace");
            Config.WithNamespace("network", $"/proc/{other.Id}/ns/net");
            for (int i = 0; i < Devices; i++)
            {
                // A later number than theirs: the kernel tells of them in that order.
                Ip($"link add w{i} index {1000000 + i} address 02:00:00:00:01:0{i} type veth peer name x{i}");
                Ip($"address add 192.0.2.10{i}/32 dev w{i}");
                Move($"w{i}", "net%d");
            }

            File.WriteAllText(script + ".go", "");
            RunInside("/bin/true").Succeeded();
            File.Delete(script);
            WaitFor(() => File.Exists(script + ".over"), "the end of the others");
            JsonArray links = JsonNode.Parse(Command.Run("nsenter", "-t", Text(other.Id), "-n", "ip", "-json", "address").Succeeded())!.AsArray();
            IEnumerable<string> shown = links.Where(link => link!["address"]?.GetValue<string>().StartsWith("02:00:00:00:01:", StringComparison.Ordinal) == true)
                .Select(link => link!["address"]!.GetValue<string>()[^1] + " " + link["addr_info"]!.AsArray().FirstOrDefault(address => address!["family"]!.GetValue<string>() == "inet")?["local"]).Order();
            Assert.Equal(Enumerable.Range(0, Devices).Select(i => $"{i} 192.0.2.10{i}"), shown);
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public void A_device_moves_into_a_user_namespace_and_has_its_sysctls()
    {
        Config.WithUserNamespace();
        Move("v0", "eth7");
        Config.Set("linux.sysctl", new JsonObject { ["net.ipv4.conf.eth7.forwarding"] = "1", ["net/ipv4/conf/eth7/rp_filter"] = "2" });
        Assert.Equal("1\n2", RunInside("/bin/sh", "-c", "cd /proc/sys/net/ipv4/conf/eth7 && cat forwarding rp_filter").Succeeded());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_create_that_fails_gives_the_device_back(bool joined)
    {
        using Process other = Process.Start("unshare", ["--net", "sleep", "1000"]);
        try
        {
            if (joined)
            {
                string own = new FileInfo("/proc/self/ns/net").LinkTarget!;
                WaitFor(() => new FileInfo($"/proc/{other.Id}/ns/net").LinkTarget != own, "a network namespace");
                Config.WithNamespace("network", $"/proc/{other.Id}/ns/net");
            }

            Move("v0", "eth7");
            Assert.NotEqual(0, RunInside("/bin/no-such-program").Status);
            string outside = Ip("address show dev v0");
            Assert.Contains("inet 192.0.2.1/24", outside, StringComparison.Ordinal);
            Assert.Contains("inet 198.51.100.9/32", outside, StringComparison.Ordinal);
            Assert.Contains(",UP", outside, StringComparison.Ordinal);
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public void Of_two_devices_the_first_comes_back_when_the_second_cannot_move()
    {
        Move("v0", "eth7");
        Config.Set("linux.netDevices.v9", new JsonObject());
        Assert.Contains("v9", RunInside("/bin/true").Message, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1/24", Ip("address show dev v0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v9", null, "v9: no such device")]
    [InlineData("v0", "lo", "file exists (EEXIST): the container's network namespace has an interface lo")]
    [InlineData("lo", "lo2", "linux.netDevices.lo: ")]
    [InlineData("v0", "a/b", "\"a/b\" is not the name of a network interface")]
    [InlineData("v0", "a b", "is not the name of a network interface")]
    [InlineData("v0", "..", "is not the name of a network interface")]
    [InlineData("v0", "%d%d", "is not the name of a network interface")]
    [InlineData("v0", "a-name-of-sixteen", "is not the name of a network interface")]
    [InlineData("a:b", null, "is not the name of a network interface")]
    public void What_cannot_move_is_refused(string device, string? name, string words)
    {
        Move(device, name);
        Outcome outcome = RunInside("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words, outcome.Message, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1/24", Ip("address show dev v0"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_namespace_is_needed_and_not_the_hosts()
    {
        Move("v0", "eth7");
        Config.WithNamespace("network", $"/proc/{_host.Id}/ns/net");
        Assert.Contains("the runtime's own", RunInside("/bin/true").Message, StringComparison.Ordinal);
        Config.WithoutNamespace("network");
        Assert.Contains("linux.netDevices: needs a network namespace", RunInside("/bin/true").Message, StringComparison.Ordinal);
    }

    private void Move(string device, string? name) => Config.Set("linux.netDevices." + device, name is null ? new JsonObject() : new JsonObject { ["name"] = name });

    private Outcome RunInside(params string[] args)
    {
        Config.Set("process.args", args.ToJson());
        Bundle.Save();
        using Command run = Through("run", "--bundle", Bundle.Path, Id);
        return run.Wait();
    }

    private Command Through(params string[] arguments)
        => Runtime.StartThrough(["nsenter", "-t", Text(_host.Id), "-n", "/bin/sh", "-c", arguments[0] == "create" ? "exec \"$@\" >/dev/null 2>&1" : "exec \"$@\"", "sh"], arguments);

    private string Ip(string words) => Command.Run(["nsenter", "-t", Text(_host.Id), "-n", "ip", .. words.Split(' ')]).Succeeded();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
