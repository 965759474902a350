namespace Containerception.Clients.Tests;

/// <summary>
/// Pods, as a kubelet makes them through containerd's CRI service, of the RuntimeClass "tested", whose handler in config.toml names the runtime.
/// </summary>
public sealed class CriTests : ContainerdTest
{
    private readonly Cri _cri;
    private readonly ProtoMessage _podConfig = new ProtoMessage()
        .Message(1, new ProtoMessage().Text(1, "pod1").Text(2, "uid1").Text(3, "default"))
        .Text(2, "pod1").Text(3, "/var/log/pods")
        .Message(8, new ProtoMessage().Text(1, "/kubepods/pod1").Message(3, new ProtoMessage().Text(1, "net.ipv4.ip_unprivileged_port_start").Text(2, "80")));

    private string _pod = "";

    public CriTests(Containerd containerd)
        : base(containerd)
    {
        _cri = new Cri(containerd.Session.PathOf("/run/containerd/containerd.sock"));
        Session.Until(() => containerd.Do("plugins", "ls", "id==cri").Output.Contains("ok", StringComparison.Ordinal), "the CRI service answers");
    }

    [Fact]
    public void What_the_runtime_says_of_its_features_reaches_the_node()
    {
        ProtoReader handler = _cri.Call("Status", new ProtoMessage()).Messages(3).Single(one => one.Text(1) == "tested");

        // recursive_read_only_mounts: Kubernetes 1.30 and later refuses recursiveReadOnly without it.
        Assert.Equal(1, handler.Message(2).Number(1));
    }

    [Fact]
    public void The_containers_of_a_pod_share_its_network_queues_and_processes_and_have_files_of_their_own()
    {
        StartPod();
        string server = StartContainer("server", ["httpd", "-f", "-h", "/etc"]);
        string client = StartContainer("client", ["sleep", "1000"]);

        Session.Until(() => Exec(client, "wget", "-qO-", "http://127.0.0.1/group").StartsWith("root:", StringComparison.Ordinal), "it answers on the pod's lo");
        foreach (string name in (ReadOnlySpan<string>)["net", "ipc", "uts", "pid"])
        {
            Assert.Equal(Exec(server, "readlink", $"/proc/self/ns/{name}"), Exec(client, "readlink", $"/proc/self/ns/{name}"));
        }

        Assert.NotEqual(Exec(server, "readlink", "/proc/self/ns/mnt"), Exec(client, "readlink", "/proc/self/ns/mnt"));
        Assert.Equal("pod1 80", Exec(client, "sh", "-c", "echo $(hostname) $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"));
    }

    [Fact]
    public void A_pod_has_an_address()
    {
        StartPod();
        string container = StartContainer("one", ["httpd", "-f", "-h", "/etc"]);
        string address = _cri.Call("PodSandboxStatus", new ProtoMessage().Text(1, _pod)).Message(1).Message(5).Text(1);

        Assert.StartsWith("10.88.", address, StringComparison.Ordinal);
        Assert.Contains(address, Exec(container, "ip", "-o", "addr", "show", "eth0"), StringComparison.Ordinal);
        Session.Until(
            () => Containerd.Session.Run("busybox", "wget", "-qO-", $"http://{address}/group").Output.StartsWith("root:", StringComparison.Ordinal), "the node reaches it");
    }

    [Fact]
    public void Limits_and_the_security_context_are_what_was_asked_for_and_limits_change()
    {
        Needs.CgroupV1("memory");
        StartPod();
        ProtoMessage security = new ProtoMessage().Message(5, new ProtoMessage().Number(1, 1234)).Number(7, 1).Number(8, 99).Number(11, 1)
            .Message(15, new ProtoMessage().Number(1, 0));
        string one = StartContainer("one", ["sleep", "1000"], new ProtoMessage().Message(1, Resources(64 << 20, 512)).Message(2, security));

        const string Tell = "cd /sys/fs/cgroup; echo $(cat memory/memory.limit_in_bytes cpu/cpu.shares)";
        Assert.Equal("1234 1 2 refused", Exec(one, "sh", "-c",
            "echo $(id -u) $(awk '/NoNewPrivs|Seccomp:/ { print $2 }' /proc/self/status) $(touch /home/x 2>/dev/null || echo refused)"));
        Assert.Equal("67108864 512", Exec(one, "sh", "-c", Tell));
        _cri.Call("UpdateContainerResources", new ProtoMessage().Text(1, one).Message(2, Resources(32 << 20, 256)));
        Assert.Equal("33554432 256", Exec(one, "sh", "-c", Tell));
    }

    [Fact]
    public void Its_end_is_told()
    {
        StartPod();
        string failed = StartContainer("failed", ["sh", "-c", "exit 3"]);
        string greedy = StartContainer("greedy", ["tail", "/dev/zero"], new ProtoMessage().Message(1, Resources(16 << 20, 256)));

        Session.Until(() => Status(failed).Number(3) == 2 && Status(greedy).Number(3) == 2, "both have ended");

        Assert.Equal((3, "Error"), (Status(failed).Number(7), Status(failed).Text(10)));
        Assert.Equal((137, "OOMKilled"), (Status(greedy).Number(7), Status(greedy).Text(10)));
    }

    [Fact]
    public void Stop_asks_and_then_insists()
    {
        StartPod();
        string polite = StartContainer("polite", ["sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.05; done"]);
        string deaf = StartContainer("deaf", ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]);

        _cri.Call("StopContainer", new ProtoMessage().Text(1, polite).Number(2, 10));
        _cri.Call("StopContainer", new ProtoMessage().Text(1, deaf).Number(2, 1));

        Assert.Equal((4, 137), (Status(polite).Number(7), Status(deaf).Number(7)));
    }

    [Fact]
    public void An_exec_that_takes_too_long_is_ended()
    {
        StartPod();
        string one = StartContainer("one", ["sleep", "1000"]);

        Assert.ThrowsAny<Exception>(() => _cri.Call("ExecSync", new ProtoMessage().Text(1, one).Text(2, "sleep", "1001").Number(3, 1)));

        Session.Until(() => Containerd.Session.Run("pgrep", "-f", "^sleep 1001").Status == 1, "it is gone");
        Assert.Equal("here", Exec(one, "echo", "here"));
    }

    public override void Dispose()
    {
        if (_pod.Length > 0)
        {
            _cri.Call("StopPodSandbox", new ProtoMessage().Text(1, _pod));
            _cri.Call("RemovePodSandbox", new ProtoMessage().Text(1, _pod));
            Containerd.Session.UntilNothing("find /sys/fs/cgroup -mindepth 4 -type d -path '*/kubepods/*'; find /run/containerd/runc -mindepth 2 -not -path '*/.@filters*'; pgrep -x sleep || :");
        }

        _cri.Dispose();
        base.Dispose();
    }

    private void StartPod() => _pod = _cri.Call("RunPodSandbox", new ProtoMessage().Message(1, _podConfig).Text(2, "tested")).Text(1);

    private string StartContainer(string name, string[] command, ProtoMessage? linux = null)
    {
        ProtoMessage config = new ProtoMessage()
            .Message(1, new ProtoMessage().Text(1, name)).Message(2, new ProtoMessage().Text(1, Containerd.Image)).Text(3, command)
            .Text(11, $"{name}.log").Message(15, linux ?? new ProtoMessage());
        string id = _cri.Call("CreateContainer", new ProtoMessage().Text(1, _pod).Message(2, config).Message(3, _podConfig)).Text(1);
        _cri.Call("StartContainer", new ProtoMessage().Text(1, id));
        return id;
    }

    private string Exec(string container, params string[] command)
    {
        ProtoReader answer = _cri.Call("ExecSync", new ProtoMessage().Text(1, container).Text(2, command).Number(3, 10));
        return answer.Text(1).TrimEnd('\n');
    }

    private ProtoReader Status(string container) => _cri.Call("ContainerStatus", new ProtoMessage().Text(1, container)).Message(1);

    private static ProtoMessage Resources(long memory, long shares) => new ProtoMessage().Number(3, shares).Number(4, memory);
}
