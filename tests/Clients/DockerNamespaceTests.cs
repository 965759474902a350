namespace Containerception.Clients.Tests;

/// <summary>Namespaces of its own, of another container, and the host's; and the networks that docker makes.</summary>
public sealed class DockerNamespaceTests(Docker docker) : DockerTest(docker)
{
    [Theory]
    [InlineData("pid")]
    [InlineData("ipc")]
    [InlineData("network")]
    public void It_may_be_another_containers(string kind)
    {
        Docker.Says("run", "--detach", "--name", "one", "--network", "none", "--ipc", "shareable", Docker.Image, "sleep", "1000");
        string name = kind == "network" ? "net" : kind;

        string its = Docker.Says("exec", "one", "readlink", $"/proc/self/ns/{name}");

        Assert.Equal(its, Docker.Says("run", "--rm", $"--{kind}", "container:one", Docker.Image, "readlink", $"/proc/self/ns/{name}"));
        Assert.NotEqual(its, Run([], "readlink", $"/proc/self/ns/{name}"));
    }

    [Theory]
    [InlineData("pid", "pid")]
    [InlineData("ipc", "ipc")]
    [InlineData("network", "net")]
    [InlineData("uts", "uts")]
    [InlineData("cgroupns", "cgroup")]
    public void It_may_be_the_hosts(string flag, string name)
        => Assert.Equal(
            Docker.Session.Run("readlink", $"/proc/self/ns/{name}").Succeeded(),
            Docker.Says("run", "--rm", $"--{flag}", "host", Docker.Image, "readlink", $"/proc/self/ns/{name}"));

    [Fact]
    public void A_published_port_answers()
    {
        Docker.Says("run", "--detach", "--name", "one", "--publish", "8088:80", Docker.Image, "httpd", "-f", "-h", "/etc");

        Session.Until(() => Docker.Session.Run("busybox", "wget", "-qO-", "http://127.0.0.1:8088/group").Output.StartsWith("root:", StringComparison.Ordinal), "it answers");
    }

    [Fact]
    public void Containers_of_a_network_know_each_other_by_name()
    {
        Docker.Says("network", "create", "net1");
        Docker.Says("run", "--detach", "--name", "one", "--network", "net1", Docker.Image, "httpd", "-f", "-h", "/etc");

        Session.Until(
            () => Docker.Do("run", "--rm", "--network", "net1", Docker.Image, "wget", "-qO-", "http://one/group").Output.StartsWith("root:", StringComparison.Ordinal),
            "it answers to its name");

        Docker.Says("rm", "--force", "one");
        Docker.Says("network", "rm", "net1");
    }

    [Fact]
    public void A_network_may_be_joined_while_it_runs()
    {
        Docker.Says("network", "create", "net1");
        Docker.Says("run", "--detach", "--name", "one", Docker.Image, "sleep", "1000");

        Docker.Says("network", "connect", "net1", "one");

        Assert.Equal("eth0 eth1 lo", Docker.Says("exec", "one", "sh", "-c", "echo $(ls /sys/class/net | grep -E 'eth|lo')"));
        Docker.Says("rm", "--force", "one");
        Docker.Says("network", "rm", "net1");
    }
}
