namespace Containerception.Clients.Tests;

/// <summary>A daemon whose containers have users of their own, who are nobody outside: --userns-remap.</summary>
public sealed class DockerUserNamespaceTests(DockerUserNamespaceTests.Remapped docker) : IClassFixture<DockerUserNamespaceTests.Remapped>
{
    [Fact]
    public void Root_inside_is_another_outside()
    {
        docker.Says("run", "--detach", "--name", "one", "--network", "none", Docker.Image, "sleep", "1000");

        Assert.Equal("0 0 100000 65536", docker.Says("exec", "one", "sh", "-c", "echo $(id -u; cat /proc/self/uid_map)"));
        Assert.Equal("100000", docker.Session.Shell("stat -c %u /proc/$(docker inspect -f '{{.State.Pid}}' one)").Succeeded());
        Assert.Equal("1234", docker.Says("exec", "--user", "ann", "one", "id", "-u"));
        docker.Says("pause", "one");
        docker.Says("unpause", "one");
        docker.Says("rm", "--force", "one");
    }

    [Theory]
    [InlineData("0:0 0:0", "echo $(stat -c %u:%g /etc/passwd) $(touch /f && stat -c %u:%g /f)")]
    [InlineData("0:0", "touch /data/f && stat -c %u:%g /data/f", "--volume", "/data")]
    [InlineData("65534:65534 refused", "echo $(stat -c %u:%g /host) $(touch /host/passwd 2>/dev/null || echo refused)", "--volume", "/etc:/host")]
    [InlineData("33554432 1024", "echo $(cat /sys/fs/cgroup/memory/memory.limit_in_bytes) $(df -k /t | awk 'END { print $2 }')", "--memory", "32m", "--tmpfs", "/t:size=1m")]
    [InlineData("1", "cat /proc/sys/net/ipv4/ip_forward", "--sysctl", "net.ipv4.ip_forward=1")]
    [InlineData("docker-init", "cat /proc/1/comm", "--init")]
    [InlineData("0 4294967295", "awk '{ print $1, $3 }' /proc/self/uid_map", "--userns", "host", "--privileged")]
    public void It_works_as_without(string expected, string script, params string[] flags)
        => Assert.Equal(expected, docker.Says(["run", "--rm", "--network", "none", .. flags, Docker.Image, "sh", "-c", script]));

    [Fact]
    public void Another_containers_namespaces_are_joined()
    {
        docker.Says("run", "--detach", "--name", "one", "--network", "none", Docker.Image, "sleep", "1000");

        Assert.Equal("sleep 1000", docker.Says(
            "run", "--rm", "--pid", "container:one", "--network", "container:one", Docker.Image, "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline | sed 's/ $//'"));
        docker.Says("rm", "--force", "one");
    }

    [Fact]
    public void Cdock_in_a_container_of_it_has_no_capability_outside()
    {
        EngineImage.Import(docker.Session, "docker");

        Assert.Equal(EngineImage.UseSays, docker.Says(["run", "--rm", .. InsideDockerTests.Flags, EngineImage.Name, "sh", "-c", EngineImage.Use]));
    }

    /// <summary>Its daemon.</summary>
    public sealed class Remapped : Docker
    {
        public Remapped()
            : base("--userns-remap=default")
        {
        }
    }
}
