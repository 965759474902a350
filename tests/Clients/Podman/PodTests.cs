namespace Containerception.Clients.Tests.Podmans;

/// <summary>Pods: containers that share namespaces, limits, and their end.</summary>
public sealed class PodTests(Podman podman) : PodmanTest(podman)
{
    [Fact]
    public void The_containers_of_a_pod_share_what_they_are_to_share()
    {
        Podman.Says("pod", "create", "--name", "p", "--network", "none", "--share", "net,ipc,uts,pid", "--hostname", "pod");
        Podman.Says("run", "--detach", "--pod", "p", Podman.Image, "sleep", "1000");
        string[] said = Lines(Podman.Says("run", "--rm", "--pod", "p", Podman.Image, "sh", "-c", "hostname; cat /proc/1/comm; ps -o comm | grep -c sleep"));
        Assert.Equal(["pod", "catatonit", "1"], said);
        Assert.Equal("p Running 2", Podman.Says("pod", "ps", "--format", "{{.Name}} {{.Status}} {{.NumberOfContainers}}"));
    }

    [Fact]
    public void A_pod_is_paused_stopped_and_started_as_one()
    {
        Podman.Says("pod", "create", "--name", "p", "--network", "none");
        Podman.Says("run", "--detach", "--pod", "p", "--name", "c", Podman.Image, "sleep", "1000");
        Podman.Says("pod", "pause", "p");
        Assert.Equal("paused", Inspect("{{.State.Status}}"));
        Podman.Says("pod", "unpause", "p");
        Podman.Says("pod", "stop", "--time", "0", "p");
        Assert.Equal("exited", Inspect("{{.State.Status}}"));
        Podman.Says("pod", "start", "p");
        Assert.Equal("running", Inspect("{{.State.Status}}"));
        Assert.Equal(3, Lines(Podman.Says("pod", "stats", "--no-stream", "p")).Length);
    }

    [Fact]
    public void A_pods_containers_are_in_its_control_group()
    {
        Podman.Says("pod", "create", "--name", "p", "--network", "none", "--memory", "64m");
        string id = Podman.Says("pod", "inspect", "p", "--format", "{{.ID}}");
        Assert.All(Lines(Podman.Says("run", "--rm", "--pod", "p", Podman.Image, "cat", "/proc/self/cgroup")), line => Assert.Contains(id, line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pod_can_have_a_user_namespace()
    {
        Podman.Says("pod", "create", "--name", "p", "--userns", "auto");
        Assert.StartsWith("0 1000000 ", Lines(Podman.Says("run", "--rm", "--pod", "p", Podman.Image, "cat", "/proc/self/uid_map"))[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_pods_port_leads_to_its_container()
    {
        Podman.Says("pod", "create", "--name", "p", "--publish", "8081:80");
        Podman.Says("run", "--detach", "--pod", "p", Podman.Image, "sh", "-c", "while :; do echo served | nc -l -p 80; done");
        Session.Until(() => Podman.Session.Shell("busybox nc 127.0.0.1 8081 </dev/null").Output == "served\n", "an answer from the port");
    }

    [Fact]
    public void A_file_of_kubernetes_is_played()
    {
        File.WriteAllText(Podman.Session.PathOf("/tmp/pod.yaml"), $$$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: k}
            spec:
              hostNetwork: true
              terminationGracePeriodSeconds: 0
              initContainers:
              - {name: first, image: localhost/{{{Podman.Image}}}, command: [sh, -c, "echo prepared >/shared/file"], volumeMounts: [{name: shared, mountPath: /shared}]}
              containers:
              - name: second
                image: localhost/{{{Podman.Image}}}
                command: [sh, -c, "cat /shared/file; id -u; sleep 1000"]
                volumeMounts: [{name: shared, mountPath: /shared}]
                securityContext: {runAsUser: 1234, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                resources: {limits: {memory: 64Mi, cpu: 500m}}
              volumes: [{name: shared, emptyDir: {}}]
            """);
        Podman.Says("kube", "play", "/tmp/pod.yaml");
        Session.Until(() => Podman.Says("logs", "k-second") == "prepared\n1234", "the words of the second container");
        Assert.Equal(
            ["67108864", "NoNewPrivs: 1"],
            Lines(Podman.Says("exec", "k-second", "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes; grep NoNew /proc/self/status")));
        Podman.Says("kube", "down", "--force", "/tmp/pod.yaml");
    }
}
