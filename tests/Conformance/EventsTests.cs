using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>What events tells. On cgroup v1; on v2 it is tested in the virtual machine: tests/vm.</summary>
public sealed class EventsTests : ContainerTest
{
    private const long Mega = 1 << 20;

    [Fact]
    public void Statistics_are_those_of_the_container()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{64 * Mega}}}"""));
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 77}"""));
        StartDetached("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait");
        WaitFor(() => Stats().At("pids.current").GetValue<int>() == 3, "three processes");
        JsonNode data = Stats();
        Assert.Equal(77, data.At("pids.limit").GetValue<int>());
        Assert.Equal(64 * Mega, data.At("memory.usage.limit").GetValue<long>());
        Assert.InRange(data.At("memory.usage.usage").GetValue<long>(), 4096, 64 * Mega);
        Assert.InRange(data.At("memory.usage.max").GetValue<long>(), data.At("memory.usage.usage").GetValue<long>() / 2, 64 * Mega);
        Assert.InRange(data.At("memory.raw.pgfault").GetValue<long>(), 1, long.MaxValue);
        Assert.InRange(data.At("cpu.usage.total").GetValue<long>(), 1, long.MaxValue);
        Assert.Equal(Environment.ProcessorCount, data.At("cpu.usage.percpu").AsArray().Count);
        Assert.NotEmpty(data.At("cpuset.cpus").AsArray());
        Assert.Equal(1, data.At("cpuset.sched_load_balance").GetValue<int>());
        Assert.Equal(["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"], data.AsObject().Select(member => member.Key));
        DeleteForced();
    }

    [Fact]
    public void Throttling_is_counted()
    {
        Needs.CgroupV1("cpu");
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"quota": 5000, "period": 50000}"""));
        StartDetached("/bin/sh", "-c", "while true; do :; done");
        WaitFor(() => Stats()["cpu"]!["throttling"]!["throttledPeriods"]?.GetValue<long>() > 2, "a few periods without processor time");
        Assert.True(Stats().At("cpu.throttling.throttledTime").GetValue<long>() > 0);
        DeleteForced();
    }

    [Fact]
    public void Network_interfaces_are_those_of_the_containers_network()
    {
        string name = Id;
        Command.Run("ip", "netns", "add", name).Succeeded();
        try
        {
            Command.Run("ip", "-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two").Succeeded();
            Command.Run("ip", "-n", name, "link", "set", "one", "up").Succeeded();
            Command.Run("ip", "-n", name, "link", "set", "two", "up").Succeeded();
            Config.WithNamespace("network", "/run/netns/" + name);
            StartDetached();
            JsonNode[] interfaces = [.. Stats().At("network_interfaces").AsArray().Select(one => one!)];
            Assert.Equal(["one", "two"], interfaces.Select(one => one["Name"]!.GetValue<string>()).Order());
            Assert.All(interfaces, one => Assert.True(one["RxBytes"]!.GetValue<long>() >= 0));
            DeleteForced();
        }
        finally
        {
            Command.Run("ip", "netns", "delete", name).Succeeded();
        }
    }

    [Fact]
    public void A_network_without_interfaces_has_none_to_tell_of()
    {
        StartDetached();
        Assert.Null(Stats()["network_interfaces"]);
        DeleteForced();
    }

    [Fact]
    public void Lines_come_until_the_container_ends()
    {
        StartDetached();
        string file = Path.Combine(Scratch, "events");
        long start = Stopwatch.GetTimestamp();
        using Command events = Runtime.StartThrough(["/bin/sh", "-c", $"exec \"$@\" >{file}", "sh"], "events", "--interval", "100ms", Id);
        WaitFor(() => File.Exists(file) && File.ReadAllLines(file).Length > 2, "three lines");
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        events.Wait().Succeeded();
        string[] lines = File.ReadAllLines(file);
        Assert.InRange(lines.Length, 3, (int)(Stopwatch.GetElapsedTime(start).TotalMilliseconds / 100) + 1);
        Assert.All(lines, line => Assert.Equal(("stats", Id), (Word(line, "type"), Word(line, "id"))));
        DeleteForced();
    }

    [Fact]
    public void The_lack_of_memory_is_told()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{32 * Mega}}, "swap": {{32 * Mega}}}"""));
        int pid = StartDetached("/bin/sh", "-c", $"while [ ! -e /dev/shm/go ]; do sleep 0.05; done; /bin/probe hog {100 * Mega}; sleep 1000")["pid"]!.GetValue<int>();
        using Command events = Runtime.Start("events", "--interval", "1h", Id);
        WaitUntilItWaits(events.Pid);
        Runtime.Invoke("exec", Id, "/bin/touch", "/dev/shm/go").Succeeded();
        WaitFor(() => CgroupFiles.Read(pid, "memory/memory.oom_control").Contains("oom_kill 1", StringComparison.Ordinal), "the hog's end");
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        Assert.Equal($$"""{"type":"oom","id":"{{Id}}"}""", events.Wait().Succeeded().Split('\n').Distinct().Single());
        DeleteForced();
    }

    [Fact]
    public void The_lack_of_memory_that_ends_the_container_is_told_first()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory", JsonNode.Parse($$"""{"limit": {{32 * Mega}}, "swap": {{32 * Mega}}}"""));
        Config.Set("process.args", new[] { "/bin/probe", "hog", (100 * Mega).ToString(CultureInfo.InvariantCulture) }.ToJson());
        Create().Succeeded();
        using Command events = Runtime.Start("events", "--interval", "1h", Id);
        WaitUntilItWaits(events.Pid);
        Runtime.Invoke("start", Id).Succeeded();
        Assert.Equal($$"""{"type":"oom","id":"{{Id}}"}""", events.Wait().Succeeded().Split('\n').Distinct().Single());
        DeleteForced();
    }

    [Fact]
    public void A_container_that_has_stopped_has_no_events()
    {
        StartDetached();
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitForStatus("stopped");
        foreach (string[] words in (string[][])[["events", Id], ["events", "--stats", Id]])
        {
            Outcome outcome = Runtime.Invoke(words);
            Assert.Equal(1, outcome.Status);
            Assert.Contains($"container with id {Id} is not running", outcome.Errors, StringComparison.Ordinal);
        }

        DeleteForced();
    }

    [Theory]
    [InlineData("0s", "duration interval must be greater than 0")]
    [InlineData("-1s", "duration interval must be greater than 0")]
    [InlineData("soon", "invalid value \"soon\" for flag -interval: parse error")]
    public void An_interval_that_is_none_is_refused(string interval, string message)
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("events", "--interval=" + interval, Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains(message, outcome.Message, StringComparison.Ordinal);
        DeleteForced();
    }

    /// <summary>Its epoll waits for three things: the end, the time, the lack of memory. proc_pid_fdinfo(5).</summary>
    private static void WaitUntilItWaits(int pid)
        => WaitFor(() => Directory.GetFiles($"/proc/{pid}/fdinfo").Sum(file => ReadOpen(file).Split("tfd:").Length - 1) == 3, "events to wait");

    // One that was closed since it was listed.
    private static string ReadOpen(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }

    private static string Word(string line, string name) => JsonNode.Parse(line)![name]!.GetValue<string>();

    private JsonNode Stats() => JsonNode.Parse(Runtime.Invoke("events", "--stats", Id).Succeeded())!["data"]!;
}
