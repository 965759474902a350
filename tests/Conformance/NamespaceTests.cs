using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class NamespaceTests : ContainerTest
{
    private static readonly string[] Optional = ["pid", "network", "ipc", "uts", "cgroup"];

    [Theory]
    [InlineData("pid", "pid")]
    [InlineData("network", "net")]
    [InlineData("mount", "mnt")]
    [InlineData("ipc", "ipc")]
    [InlineData("uts", "uts")]
    [InlineData("cgroup", "cgroup")]
    [InlineData("time", "time")]
    public void A_namespace_that_is_asked_for_is_new(string type, string link)
    {
        Config.WithNamespace(type);
        Assert.NotEqual(OfHost(link), ProbeJson("ns")[link]!.GetValue<string>());
    }

    [Theory]
    [InlineData("pid", "pid")]
    [InlineData("network", "net")]
    [InlineData("ipc", "ipc")]
    [InlineData("uts", "uts")]
    [InlineData("cgroup", "cgroup")]
    [InlineData("time", "time")]
    [InlineData("user", "user")]
    public void A_namespace_that_is_not_asked_for_is_the_callers(string type, string link)
    {
        Config.WithoutNamespace(type);
        Config.RemovePath("hostname");
        WithMountsThatNeedNoNamespace();
        Assert.Equal(OfHost(link), ProbeJson("ns")[link]!.GetValue<string>());
    }

    [Fact]
    public void The_process_is_pid_1_of_a_new_pid_namespace() => Assert.Equal("1", Shell("echo $$").Succeeded());

    [Fact]
    public void Processes_of_the_host_cannot_be_seen()
        => Assert.Equal(["1"], Shell("ls /proc | grep '^[0-9]' | head -1").Succeeded().Split('\n'));

    [Fact]
    public void A_new_network_namespace_has_nothing_but_loopback()
        => Assert.Equal("lo:", Shell("cat /proc/net/dev").Succeeded().Split('\n')[^1].Trim().Split(' ')[0]);

    [Fact]
    public void Any_combination_of_new_namespaces_works()
    {
        WithMountsThatNeedNoNamespace();
        Config.RemovePath("hostname");
        Config.SetWords("process.args", "/bin/true");
        for (int subset = 0; subset < 1 << Optional.Length; subset++)
        {
            string[] types = [.. Optional.Where((_, bit) => (subset >> bit & 1) == 1)];
            Config.WithNamespaces([.. types, "mount"]);
            Outcome outcome = Run();
            Assert.True(outcome.Status == 0, $"{string.Join(',', types)}: {outcome}");
        }
    }

    [Fact]
    public void Any_combination_of_new_namespaces_works_below_a_user_namespace()
    {
        WithMountsThatNeedNoNamespace();
        Config.RemovePath("hostname");
        Config.SetWords("process.args", "/bin/true");
        for (int subset = 0; subset < 1 << Optional.Length; subset++)
        {
            string[] types = [.. Optional.Where((_, bit) => (subset >> bit & 1) == 1)];
            Config.WithNamespaces([.. types, "mount"]);
            Config.WithUserNamespace();
            Outcome outcome = Run();
            Assert.True(outcome.Status == 0, $"{string.Join(',', types)}: {outcome}");
        }
    }

    [Theory]
    [InlineData("pid", "pid", "--pid", "--fork", "--kill-child")]
    [InlineData("network", "net", "--net")]
    [InlineData("ipc", "ipc", "--ipc")]
    [InlineData("uts", "uts", "--uts")]
    [InlineData("cgroup", "cgroup", "--cgroup")]
    [InlineData("time", "time", "--time", "--fork", "--kill-child")]
    public void A_namespace_can_be_joined_by_path(string type, string link, params string[] flags)
    {
        using Holder holder = new(flags);
        Config.WithNamespace(type, $"/proc/{holder.Pid}/ns/{link}");
        Config.RemovePath("hostname");
        Assert.Equal(holder.Link(link), ProbeJson("ns")[link]!.GetValue<string>());
    }

    [Fact]
    public void All_namespaces_of_a_pod_can_be_joined_at_once()
    {
        using Holder holder = new("--net", "--ipc", "--uts", "--cgroup", "--pid", "--fork", "--kill-child");
        Config.RemovePath("hostname");
        foreach ((string type, string link) in (ReadOnlySpan<(string, string)>)[("network", "net"), ("ipc", "ipc"), ("uts", "uts"), ("pid", "pid")])
        {
            Config.WithNamespace(type, $"/proc/{holder.Pid}/ns/{link}");
        }

        JsonNode inside = ProbeJson("ns");
        foreach (string link in (ReadOnlySpan<string>)["net", "ipc", "uts", "pid"])
        {
            Assert.Equal(holder.Link(link), inside[link]!.GetValue<string>());
        }
    }

    [Fact]
    public void A_user_namespace_can_be_joined_by_path()
    {
        using Holder holder = new("--user");
        File.WriteAllText($"/proc/{holder.Pid}/uid_map", "0 100000 65536");
        File.WriteAllText($"/proc/{holder.Pid}/gid_map", "0 100000 65536");
        Config.WithNamespace("user", $"/proc/{holder.Pid}/ns/user");
        Assert.Equal(holder.Link("user"), ProbeJson("ns")["user"]!.GetValue<string>());
    }

    [Fact]
    public void A_mount_namespace_joined_by_path_is_not_the_hosts()
    {
        using Holder holder = new("--mount", "--propagation", "private");
        Config.WithNamespace("mount", $"/proc/{holder.Pid}/ns/mnt");
        Config.RemovePath("linux.rootfsPropagation");
        Assert.Equal(holder.Link("mnt"), ProbeJson("ns")["mnt"]!.GetValue<string>());
    }

    [Fact]
    public void The_hostname_of_a_joined_namespace_is_its_owners()
    {
        using Holder holder = new("--uts", "sh", "-c", "hostname pod-of-three; exec sleep 1000");
        Config.WithNamespace("uts", $"/proc/{holder.Pid}/ns/uts");
        Config.RemovePath("hostname");
        WaitFor(() => Probe("hostname") == "pod-of-three", "the holder's hostname");
    }

    [Fact]
    public void A_path_of_another_kind_of_namespace_is_refused()
    {
        Config.WithNamespace("network", "/proc/self/ns/ipc");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void A_path_to_nothing_is_refused()
    {
        Config.WithNamespace("network", "/nowhere/net");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("/nowhere/net", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_namespace_is_refused()
    {
        Config.WithNamespace("network", "/etc/hostname");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void The_same_namespace_twice_is_refused()
    {
        Config.At("linux.namespaces").AsArray().Add(new JsonObject { ["type"] = "ipc" });
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void Time_stands_where_its_offsets_put_it()
    {
        Config.WithNamespace("time");
        Config.Set("linux.timeOffsets", JsonNode.Parse("""{"boottime": {"secs": 7776000, "nanosecs": 0}, "monotonic": {"secs": 86400}}"""));
        string[] offsets = Shell("cat /proc/self/timens_offsets").Succeeded().Split('\n');
        Assert.Contains(offsets, line => line.StartsWith("monotonic", StringComparison.Ordinal) && line.Contains("86400", StringComparison.Ordinal));
        Assert.Contains(offsets, line => line.StartsWith("boottime", StringComparison.Ordinal) && line.Contains("7776000", StringComparison.Ordinal));
    }

    /// <summary>sysfs, mqueue and devpts belong to the network, ipc and user namespace: a container that shares those may not mount them.</summary>
    private void WithMountsThatNeedNoNamespace()
    {
        Config.Set("mounts", new JsonArray());
        Config.AddMount("/proc", "proc", "proc");
        Config.AddMount("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755");
        // A new proc cannot be mounted from a user namespace that does not own the pid namespace.
        if (TestContext.Current.TestMethod!.MethodName.EndsWith("below_a_user_namespace", StringComparison.Ordinal))
        {
            Config.RemoveMount("/proc");
            Config.AddMount("/proc", "none", "/proc", "rbind");
            Config.RemovePath("linux.maskedPaths");
            Config.RemovePath("linux.readonlyPaths");
        }
    }

    private static string OfHost(string link) => new FileInfo($"/proc/self/ns/{link}").LinkTarget!;

    /// <summary>A process that keeps namespaces alive.</summary>
    private sealed class Holder : IDisposable
    {
        private readonly Command _command;

        public Holder(params string[] flags)
        {
            bool hasProgram = flags.Contains("sh");
            _command = new Command(["unshare", .. flags, .. hasProgram ? Array.Empty<string>() : ["sleep", "1000"]]);
            bool forks = flags.Contains("--fork");
            string name = hasProgram ? "" : "sleep";
            WaitFor(() => (Pid = Find(forks)) != 0 && File.ReadAllText($"/proc/{Pid}/comm").StartsWith(name, StringComparison.Ordinal), "the holder");
        }

        public int Pid { get; private set; }

        public string Link(string name) => new FileInfo($"/proc/{Pid}/ns/{name}").LinkTarget!;

        public void Dispose() => _command.Dispose();

        private int Find(bool forks)
        {
            if (!forks)
            {
                return _command.Pid;
            }

            string children = File.ReadAllText($"/proc/{_command.Pid}/task/{_command.Pid}/children");
            return children.Length == 0 ? 0 : int.Parse(children.Split(' ')[0], null);
        }
    }
}
