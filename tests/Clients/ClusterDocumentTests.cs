using System.Text.RegularExpressions;

namespace Containerception.Clients.Tests;

/// <summary>Does what docs/cluster.md tells its reader to do, with the very words.</summary>
public sealed partial class ClusterDocumentTests : IDisposable
{
    private static readonly string Document = File.ReadAllText(Path.Join(Repository.Root, "docs/cluster.md"));
    private readonly Session _session;

    public ClusterDocumentTests()
    {
        Needs.Met(Session.Runtime == "ception", "ception");
        _session = new Session("docker");
    }

    [Fact]
    public void Its_swarm_runs_a_service()
    {
        Directory.CreateDirectory(_session.PathOf("/etc/docker"));
        File.WriteAllText(_session.PathOf("/etc/docker/daemon.json"), Block("json"));
        BusyboxImage.Write(_session.PathOf("/tmp/box.tar"));
        _session.Shell("ip addr add 192.0.2.1/32 dev lo; setsid dockerd </dev/null >/var/log/dockerd.log 2>&1 &").Succeeded();
        Session.Until(() => _session.Run("docker", "version").Status == 0, "dockerd answers");
        _session.Run("docker", "import", "/tmp/box.tar", "busybox").Succeeded();

        string output = "";
        foreach (string line in Block("console").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.StartsWith("$ ", line, StringComparison.Ordinal);
            output = _session.Shell(line[2..]).Succeeded();
        }

        Assert.Equal(6, output.Split('\n').Count(line => line.Contains(" Running ", StringComparison.Ordinal)));
        Assert.Equal("ception", _session.Shell("docker inspect --format {{.HostConfig.Runtime}} $(docker ps --quiet) | sort -u").Succeeded());
    }

    [Fact]
    public void Its_RuntimeClass_leads_to_a_pod()
    {
        Directory.CreateDirectory(_session.PathOf("/etc/containerd"));
        string config = Block("toml");

        // No registry: the image of a pod's first process has to be one that is here. And see Containerd.
        File.WriteAllText(_session.PathOf("/etc/containerd/config.toml"), $$"""
            {{config}}
            [plugins.'io.containerd.cri.v1.images'.pinned_images]
              sandbox = '{{Containerd.Image}}'
            [plugins.'io.containerd.cri.v1.runtime']
              restrict_oom_score_adj = true
            """);
        Containerd.WriteImage(_session.PathOf("/tmp"));
        _session.Shell("setsid containerd </dev/null >/var/log/containerd.log 2>&1 &").Succeeded();
        Session.Until(() => _session.Run("ctr", "version").Status == 0, "containerd answers");
        _session.Run("ctr", "--namespace", "k8s.io", "images", "import", "/tmp/image.tar").Succeeded();
        using Cri cri = new(_session.PathOf("/run/containerd/containerd.sock"));

        string handler = Handler().Match(Block("yaml")).Groups[1].Value;
        ProtoMessage node = new ProtoMessage().Message(1, new ProtoMessage().Number(1, 2));
        ProtoMessage pod = new ProtoMessage().Message(1, new ProtoMessage().Text(1, "pod1").Text(2, "uid1").Text(3, "default"))
            .Message(8, new ProtoMessage().Message(2, node));
        string id = cri.Call("RunPodSandbox", new ProtoMessage().Message(1, pod).Text(2, handler)).Text(1);

        Assert.Contains(id, _session.Run("ception", "--root", "/run/containerd/runc/k8s.io", "list", "--quiet").Succeeded(), StringComparison.Ordinal);
        cri.Call("StopPodSandbox", new ProtoMessage().Text(1, id));
        cri.Call("RemovePodSandbox", new ProtoMessage().Text(1, id));
    }

    public void Dispose() => _session.Dispose();

    /// <summary>The one block of that kind.</summary>
    private static string Block(string kind) => Assert.Single(Regex.Matches(Document, $"```{kind}\n(.*?)```", RegexOptions.Singleline)).Groups[1].Value;

    [GeneratedRegex("^handler: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Handler();
}
