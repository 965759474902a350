namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman run with namespaces of its own, of another container, and of the host; users and networks.</summary>
public sealed class NamespaceTests(Podman podman) : PodmanTest(podman)
{
    [Fact]
    public void Ids_are_given_by_podman()
    {
        string[] said = Lines(Shell("cat /proc/self/uid_map; id -u; touch /tmp/file && echo written", "--userns=auto"));
        Assert.StartsWith("0 1000000 ", said[0], StringComparison.Ordinal);
        Assert.Equal(["0", "written"], said[1..]);
    }

    [Fact]
    public void Ids_are_given_by_the_user()
        => Assert.Equal(["0 100000 5000", "0 200000 5000", "1234 1235"], Lines(Shell(
            "cat /proc/self/uid_map /proc/self/gid_map; stat -c '%u %g' /home/ann", "--uidmap", "0:100000:5000", "--gidmap", "0:200000:5000")));

    [Fact]
    public void The_hosts_ids_can_be_kept() => Assert.Equal("0 0 4294967295", Lines(Run(["--userns=keep-id"], "cat", "/proc/self/uid_map"))[0]);

    [Fact]
    public void A_volumes_owner_follows_the_user_namespace()
    {
        Podman.Session.Shell("mkdir -p /tmp/owned; touch /tmp/owned/file").Succeeded();
        Assert.Equal("0:0", Run(["--userns=auto", "--volume", "/tmp/owned:/v:idmap"], "stat", "-c", "%u:%g", "/v/file"));
    }

    [Fact]
    public void Root_of_a_user_namespace_may_do_less_than_the_hosts()
    {
        Assert.Equal("ok", Shell("touch /tmp/x && chown ann /tmp/x && echo ok", "--userns=auto"));
        Assert.Equal("ok", Shell("mount -t tmpfs inner /tmp && echo ok", "--userns=auto", "--privileged"));
        Assert.Contains("Operation not permitted", TryShell("mknod /tmp/kmsg c 1 11", "--userns=auto", "--cap-add", "mknod").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_namespace_goes_with_devices_sysctls_limits_terminals_and_an_init()
    {
        Assert.Equal("a:e5", Shell("stat -c %t:%T /dev/fuse", "--userns=auto", "--device", "/dev/fuse"));
        Assert.Equal("1", Run(["--userns=auto", "--sysctl", "net.ipv4.ip_forward=1"], "cat", "/proc/sys/net/ipv4/ip_forward"));
        Assert.Equal(["67108864", "33"], Lines(Run(["--userns=auto", "--memory", "64m", "--pids-limit", "33"], "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max")));
        Assert.Equal("podman-init", Run(["--userns=auto", "--init"], "cat", "/proc/1/comm"));
        Assert.Equal(3, Podman.OnTerminal("run", "--rm", "-it", "--network", "none", "--userns=auto", Podman.Image, "sh", "-c", "test -t 0 && exit 3").Status);
    }

    [Fact]
    public void A_container_with_a_user_namespace_can_be_entered_paused_and_started_again()
    {
        Start("sleep 1000", "--userns=auto");
        Assert.StartsWith("0 1000000 ", Lines(Exec("cat", "/proc/self/uid_map"))[0], StringComparison.Ordinal);
        Assert.Equal("1234", Podman.Says("exec", "--user", "ann", "c", "id", "-u"));
        Podman.Says("pause", "c");
        Podman.Says("unpause", "c");
        Podman.Says("stop", "--time", "0", "c");
        Podman.Says("start", "c");
        Assert.Equal("again", Exec("echo", "again"));
    }

    [Fact]
    public void A_container_can_live_in_anothers_namespaces()
    {
        Start("sleep 1000", "--ipc", "shareable", "--hostname", "first");
        string[] said = Lines(Podman.Says("run", "--rm", "--network", "container:c", "--pid", "container:c", "--ipc", "container:c", "--uts", "container:c", Podman.Image, "sh", "-c", "hostname; cat /proc/1/comm; for n in net pid ipc uts mnt; do readlink /proc/self/ns/$n; done"));
        string[] first = Lines(Exec("sh", "-c", "hostname; cat /proc/1/comm; for n in net pid ipc uts mnt; do readlink /proc/self/ns/$n; done"));
        Assert.Equal(first[..6], said[..6]);
        Assert.NotEqual(first[6], said[6]);
    }

    [Fact]
    public void A_container_can_live_in_anothers_user_namespace()
    {
        Start("sleep 1000", "--userns=auto");
        Assert.Equal(
            Lines(Exec("sh", "-c", "cat /proc/self/uid_map; readlink /proc/self/ns/user")),
            Lines(Podman.Says("run", "--rm", "--userns", "container:c", "--network", "container:c", "--pid", "container:c", Podman.Image, "sh", "-c", "cat /proc/self/uid_map; readlink /proc/self/ns/user")));
    }

    [Fact]
    public void A_container_can_live_in_the_hosts_namespaces()
    {
        string script = "hostname; for n in net pid ipc uts; do readlink /proc/self/ns/$n; done";
        Assert.Equal(Podman.Session.Shell(script).Succeeded(), Podman.Says("run", "--rm", "--network", "host", "--pid", "host", "--ipc", "host", "--uts", "host", Podman.Image, "sh", "-c", script));
    }

    [Fact]
    public void A_network_namespace_with_a_name_can_be_joined()
    {
        Podman.Session.Shell("ip netns add named && ip -n named link add name there type veth").Succeeded();
        Assert.Contains("there", Podman.Says("run", "--rm", "--network", "ns:/run/netns/named", Podman.Image, "ip", "-o", "link"), StringComparison.Ordinal);
        Podman.Session.Shell("ip netns del named").Succeeded();
    }

    [Theory]
    [InlineData("none", "lo")]
    [InlineData("bridge", "lo eth0")]
    public void There_are_the_networks_devices(string network, string devices)
        => Assert.Equal(devices, Podman.Says("run", "--rm", "--network", network, Podman.Image, "sh", "-c", "echo $(ip -o link | awk -F'[:@ ]+' '{print $2}')"));

    [Theory]
    [InlineData("")]
    [InlineData("--userns=auto")]
    public void Containers_on_a_network_of_their_own_find_each_other_by_name(string flag)
    {
        string[] flags = flag.Length == 0 ? [] : [flag];
        Podman.Says("network", "create", "own");
        Podman.Says(["run", "--detach", "--name", "server", "--network", "own", .. flags, Podman.Image, "sh", "-c", "while :; do echo served | nc -l -p 80; done"]);
        Assert.Equal("served", Podman.Says(["run", "--rm", "--network", "own", .. flags, Podman.Image, "sh", "-c", "until nc server 80 </dev/null; do sleep 0.1; done"]));
        Podman.Says("rm", "--force", "--time", "0", "server");
        Podman.Says("network", "rm", "own");
    }

    [Fact]
    public void A_port_of_the_host_leads_into_the_container()
    {
        Podman.Says("run", "--detach", "--name", "server", "--publish", "8080:80", Podman.Image, "sh", "-c", "while :; do echo served | nc -l -p 80; done");
        Session.Until(() => Podman.Session.Shell("busybox nc 127.0.0.1 8080 </dev/null").Output == "served\n", "an answer from the port");
    }

    [Fact]
    public void The_cgroup_namespace_hides_where_the_container_is()
    {
        Assert.DoesNotContain("libpod", Run(["--cgroupns=private"], "cat", "/proc/self/cgroup"), StringComparison.Ordinal);
        Assert.Contains("libpod", Run(["--cgroupns=host"], "cat", "/proc/self/cgroup"), StringComparison.Ordinal);
    }
}
