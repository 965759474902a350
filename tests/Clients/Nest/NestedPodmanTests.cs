namespace Containerception.Clients.Tests;

/// <summary>podman inside <c>cdock run --nest</c>.</summary>
public sealed class NestedPodmanTests(Podman podman) : PodmanTest(podman)
{
    [Theory]
    [InlineData("crun", "none")]
    [InlineData("crun", "bridge")]
    [InlineData("runc", "none")]
    [InlineData("runc", "bridge")]
    [InlineData("/usr/local/bin/ception", "none")]
    [InlineData("/usr/local/bin/ception", "bridge")]
    public void It_runs_containers_with_each_runtime(string runtime, string network)
        => Assert.Equal("in 0", Nested($"podman --runtime {runtime} run --rm --network {network} box sh -c 'echo in $(id -u)'"));

    [Fact]
    public void Its_containers_have_ports_limits_pods_and_commands_that_follow()
        => Assert.Equal("33554432\nroot:x:0:0:root:/root:/bin/sh\nexec 0\npod", Nested("""
            podman run --rm --network none --memory 32m box cat /sys/fs/cgroup/memory/memory.limit_in_bytes
            podman run --detach --name web --publish 8080:80 box httpd -f -p 80 -h /etc >/dev/null
            until busybox wget -q -O /tmp/passwd http://127.0.0.1:8080/passwd; do sleep 0.1; done 2>/dev/null
            head -1 /tmp/passwd
            podman exec web sh -c 'echo exec $(id -u)'
            podman rm --force --time 0 web >/dev/null
            podman pod create --name pod --infra-image box --infra-command 'sleep 1000' >/dev/null
            podman run --rm --pod pod box echo pod
            """));

    [Fact]
    public void It_builds_images()
        => Assert.Equal("built", Nested("""
            printf 'FROM box\nRUN echo built >/built\n' | podman build --quiet --tag built --file - . >/dev/null
            podman run --rm --network none built cat /built
            """));

    /// <summary>What a script says in a container that nests, where podman knows the image <c>box</c>.</summary>
    private string Nested(string script)
        => Podman.Session.Run(
            "cdock", "run", "--rm", "--nest", "--volume", "/var/lib/containers", "--volume", "/etc/containers:/etc/containers:ro", "--volume", "/tmp/box.tar:/box.tar:ro", "--env", "PODMAN_IGNORE_CGROUPSV1_WARNING=1", "host",
            "sh", "-e", "-c", "podman import --quiet /box.tar box >/dev/null\n" + script).Succeeded();
}
