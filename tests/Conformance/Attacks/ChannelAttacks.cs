using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>Sockets, labels, messages and control groups: what a container could reach the runtime or its neighbours by.</summary>
public sealed class ChannelAttacks : ContainerTest
{
    /// <summary>An abstract socket belongs to a network namespace, and a container of the host's network namespace could connect to it.</summary>
    [Fact]
    public void CVE_2020_15257_no_process_of_the_runtime_has_an_abstract_socket()
    {
        Config.WithoutNamespace("network");
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create().Succeeded();
        int init = State()["pid"]!.GetValue<int>();
        Assert.Empty(AbstractSocketsOf(init));
        DeleteForced();

        Bundle.Save();
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);
        WaitFor(() => Runtime.Invoke("state", Id).Status == 0, "the container");
        Assert.Empty(AbstractSocketsOf(run.Pid));
        DeleteForced();
        run.Wait();
    }

    /// <summary>An image's labels end up there. Those that are obeyed are the ones that <c>features</c> tells engines to keep images from.</summary>
    [Fact]
    public void CVE_2026_53488_and_50195_annotations_are_no_orders()
    {
        Canary canary = new(Scratch);
        string evil = Path.Combine(canary.Folder, "made");
        Config.Set("annotations", new JsonObject
        {
            ["org.criu.config"] = evil,
            ["org.opencontainers.runc.exec.isolated-cpu-affinity-transition"] = "permanent",
            ["org.opencontainers.image.hooks"] = evil,
            ["cdi.k8s.io/x"] = "vendor.com/device=all",
            ["hooks.poststop"] = $"touch {evil}",
            [new string('k', 5000)] = new string('v', 100_000),
            ["../../etc"] = "\u001b[31m",
        });
        Assert.Equal("0 0", Shell("echo $(id -u) $(id -G)").Succeeded());
        canary.AssertUntouched();
        if (OciRuntime.Name == "ception")
        {
            // Those that are obeyed, which an engine is told to keep images from.
            Assert.Equal(
                ["bundle", "containerception.", "org.systemd.property.", "run.oci."], JsonNode.Parse(Runtime.Invoke("features").Succeeded())!["potentiallyUnsafeConfigAnnotations"].Strings());
        }
    }

    [Fact]
    public void CVE_2021_43784_texts_longer_than_any_message()
    {
        Config.Set("process.env", new JsonArray([.. Enumerable.Range(0, 2000).Select(i => JsonValue.Create($"V{i}={new string('x', 500)}"))]));
        Assert.Equal("2000", Shell("env | grep -c ^V").Succeeded());
        Config.WithNamespace("network", "/" + new string('n', 70_000));
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("ENAMETOOLONG", outcome.Errors, StringComparison.Ordinal);
    }

    /// <summary>The filter asks about the calls that the runtime itself makes from then on: none of them may wait for a listener that has no descriptor yet.</summary>
    [Theory]
    [InlineData("write", true)]
    [InlineData("read", true)]
    [InlineData("sendmsg", false)]
    [InlineData("close", false)]
    [InlineData("close", true)]
    [InlineData("execve", true)]
    [InlineData("close_range", false)]
    public void A_filter_that_asks_about_the_runtimes_own_calls_does_not_hang_it(string call, bool noNewPrivileges)
    {
        Outcome outcome = RunNotified(call, noNewPrivileges, static descriptor =>
        {
            while (Posix.AllowNotified(descriptor))
            {
            }
        });
        Assert.True(outcome.Status == 0 || outcome.Errors.Contains("SCMP_ACT_NOTIFY", StringComparison.Ordinal), outcome.ToString());
    }

    /// <summary>What a listener is asked after it has gone is refused, not waited for.</summary>
    [Theory]
    [InlineData("execve", true)]
    [InlineData("close_range", false)]
    [InlineData("sendmsg", false)]
    public void A_listener_that_goes_away_does_not_hang_the_runtime(string call, bool noNewPrivileges)
    {
        RunNotified(call, noNewPrivileges, Posix.Close);
        Runtime.Invoke("delete", "--force", Id).Succeeded();
    }

    private Outcome RunNotified(string call, bool noNewPrivileges, Action<int> listen)
    {
        string path = Path.Combine(Scratch, "listener");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Config.Set("process.noNewPrivileges", noNewPrivileges);
        Config.Set("linux.seccomp", JsonNode.Parse($$"""
            {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "{{path}}", "syscalls": [{"names": ["{{call}}"], "action": "SCMP_ACT_NOTIFY"}]}
            """));
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);
        if (listener.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead))
        {
            using Socket connection = listener.Accept();
            (int descriptor, _) = Posix.ReceiveDescriptor((int)connection.Handle);
            new Thread(() => listen(descriptor)) { IsBackground = true }.Start();
            return run.Wait();
        }

        return run.Wait();
    }

    [Theory]
    [InlineData("file")]
    [InlineData("folder")]
    [InlineData("nothing")]
    [InlineData("fifo")]
    [InlineData("long")]
    [InlineData("nobody")]
    public void A_console_socket_that_is_none_is_an_error_that_leaves_nothing(string what)
    {
        string path = Path.Combine(Scratch, what == "long" ? new string('l', 200) : "console");
        using Socket closed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        switch (what)
        {
            case "file":
                File.WriteAllText(path, "");
                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "fifo":
                Posix.MakeFifo(path);
                break;
            case "nobody":
                closed.Bind(new UnixDomainSocketEndPoint(path));
                break;
            default:
                break;
        }

        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Outcome outcome = Create("--console-socket", path);
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(path, outcome.Errors, StringComparison.Ordinal);
    }

    /// <summary>Without a cgroup namespace a container must still see only its own groups.</summary>
    [Fact]
    public void CVE_2023_25809_the_hosts_control_groups_do_not_show()
    {
        Config.WithoutNamespace("cgroup");
        Config.RemoveMount("/sys/fs/cgroup");
        Config.AddMount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
        Config.WithManyCapabilities();
        Assert.Equal("", Shell("for f in $(ls -d /sys/fs/cgroup/*/*/ /sys/fs/cgroup/*/init.scope 2>/dev/null); do echo $f; done").Succeeded());
        Assert.Contains("1\n", Shell("cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs 2>/dev/null").Output, StringComparison.Ordinal);
    }

    /// <summary>Who has no group of his own sees his maker's, and nobody's is his to change.</summary>
    [Fact]
    public void CVE_2023_25809_the_makers_control_groups_are_only_to_be_read()
    {
        Config.RemovePath("linux.resources");
        Config.WithoutNamespace("cgroup");
        Config.RemoveMount("/sys/fs/cgroup");
        Config.AddMount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
        Config.WithManyCapabilities();
        Config.SetWords("process.args", "/bin/sh", "-c", "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do [ -e $f ] && echo there && mkdir ${f%/*}/probe-of-a-test 2>/dev/null && echo $f; done; true");
        Bundle.Save();

        Assert.Equal("there", Runtime.Invoke("--cgroup-manager=disabled", "run", "--bundle", Bundle.Path, Id).Succeeded().Split('\n').Distinct().Single());
    }

    /// <summary>A program that the kernel starts, as root of the host, when a group of version 1 is empty.</summary>
    [Fact]
    public void CVE_2022_0492_no_release_agent_is_within_reach()
    {
        Config.WithoutNamespace("cgroup");
        Config.RemoveMount("/sys/fs/cgroup");
        Config.AddMount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
        Config.WithManyCapabilities();
        Assert.Equal("", Shell("ls /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/*/release_agent 2>/dev/null; true").Succeeded());
    }

    private static IEnumerable<string> AbstractSocketsOf(int pid)
    {
        // Num RefCount Protocol Flags Type St Inode Path
        Dictionary<string, string> named = File.ReadLines("/proc/net/unix").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields.Length > 7 && fields[7].StartsWith('@'))
            .ToDictionary(fields => $"socket:[{fields[6]}]", fields => fields[7]);
        return Directory.GetFileSystemEntries($"/proc/{pid}/fd").Select(fd => new FileInfo(fd).LinkTarget).OfType<string>()
            .Where(named.ContainsKey).Select(target => named[target]);
    }
}
