namespace Containerception.Clients.Tests;

/// <summary>docker inside <c>cdock run --nest</c>: its daemon, containerd and runc as they come.</summary>
public sealed class NestedDockerTests(Docker docker) : DockerTest(docker)
{
    [Fact]
    public void It_runs_containers_as_outside()
        => Assert.Equal("none 0\nbridge up\n33554432\nroot:x:0:0:root:/root:/bin/sh\nexec 0\nfound\nbuilt", Nested("""
            docker run --rm --network none box sh -c 'echo none $(id -u)'
            docker run --rm box sh -c 'echo bridge $(cat /sys/class/net/eth0/operstate)'
            docker run --rm --network none --memory 32m box cat /sys/fs/cgroup/memory/memory.limit_in_bytes
            docker network create net >/dev/null
            docker run --detach --name web --network net --publish 8080:80 box httpd -f -p 80 -h /etc >/dev/null
            until busybox wget -q -O /tmp/passwd http://127.0.0.1:8080/passwd; do sleep 0.1; done 2>/dev/null
            head -1 /tmp/passwd
            docker exec web sh -c 'echo exec $(id -u)'
            docker run --rm --network net box sh -c 'wget -q -O - http://web/passwd >/dev/null && echo found'
            docker rm --force web >/dev/null
            mkdir /tmp/context
            printf 'FROM box\nRUN echo built >/built\n' >/tmp/context/Dockerfile
            docker build --quiet --tag built /tmp/context >/dev/null
            docker run --rm --network none built cat /built
            """));

    [Fact]
    public void What_it_calls_privileged_is_so_within_the_container_alone()
        => Assert.Equal("mounted\nrefused", Nested("""
            docker run --rm --network none --privileged box sh -c 'mount -t tmpfs none /tmp && echo mounted; mknod /tmp/disk b 254 0 2>/dev/null || echo refused'
            """));

    /// <summary>What a script says in a container that nests, where dockerd runs and knows the image <c>box</c>.</summary>
    private string Nested(string script)
        => Docker.Session.Run(
            "cdock", "run", "--rm", "--nest", "--volume", "/var/lib/docker", "--volume", "/tmp/box.tar:/box.tar:ro", "host", "sh", "-e", "-c",
            "dockerd >/tmp/dockerd.log 2>&1 &\nuntil docker version >/dev/null 2>&1; do sleep 0.1; done\ndocker import /box.tar box >/dev/null\n" + script).Succeeded();
}
