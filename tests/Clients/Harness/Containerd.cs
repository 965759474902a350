using System.Formats.Tar;
using System.Security.Cryptography;

namespace Containerception.Clients.Tests;

/// <summary>containerd of Debian sid with its command line ctr, its CRI service, and an image of busybox in the namespaces of both.</summary>
public sealed class Containerd : IDisposable
{
    public const string Image = "localhost/box:latest";

    public Containerd()
    {
        Session = new Session("docker");
        Directory.CreateDirectory(Session.PathOf("/etc/containerd"));
        File.WriteAllText(Session.PathOf("/etc/containerd/config.toml"), $$"""
            version = 3
            [plugins.'io.containerd.cri.v1.images'.pinned_images]
              sandbox = '{{Image}}'
            # The score that a pod's first process is to have takes CAP_SYS_RESOURCE, which not every root has.
            [plugins.'io.containerd.cri.v1.runtime']
              restrict_oom_score_adj = true
            [plugins.'io.containerd.cri.v1.runtime'.containerd]
              default_runtime_name = 'runc'
            [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
              runtime_type = 'io.containerd.runc.v2'
            [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.tested]
              runtime_type = 'io.containerd.runc.v2'
              [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.tested.options]
                BinaryName = '{{Binary}}'
            """);
        Directory.CreateDirectory(Session.PathOf("/etc/cni/net.d"));
        File.WriteAllText(Session.PathOf("/etc/cni/net.d/10-pods.conflist"), """
            {
              "cniVersion": "1.0.0", "name": "pods",
              "plugins": [{
                "type": "bridge", "bridge": "pods", "isGateway": true,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]]}
              }]
            }
            """);
        WriteImage(Session.PathOf("/tmp"));
        Session.Shell("setsid containerd </dev/null >/var/log/containerd.log 2>&1 &").Succeeded();
        Session.Until(() => Do("version").Status == 0, "containerd answers");
        Says("images", "import", "/tmp/image.tar");
        Says("--namespace", "k8s.io", "images", "import", "/tmp/image.tar");
    }

    internal Session Session { get; }

    /// <summary>The runtime under test, as ctr and the shim want it.</summary>
    internal static string Binary { get; } = Session.Runtime == "ception" ? "/usr/local/bin/ception" : Session.Runtime;

    internal Outcome Do(params IEnumerable<string> words) => Session.Run(["ctr", .. words]);

    internal string Says(params IEnumerable<string> words) => Do(words).Succeeded();

    public void Dispose() => Session.Dispose();

    /// <summary>What docker save writes: one layer, and what is to be run.</summary>
    internal static void WriteImage(string folder)
    {
        string layer = Path.Join(folder, "layer.tar");
        BusyboxImage.Write(layer);
        string digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(layer)));
        using TarWriter image = new(File.Create(Path.Join(folder, "image.tar")));
        image.WriteEntry(layer, "layer.tar");
        Add("config.json", $$"""
            {
              "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": ["sleep", "1000"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:{{digest}}"]}
            }
            """);
        Add("manifest.json", $$"""[{"Config": "config.json", "RepoTags": ["{{Image}}"], "Layers": ["layer.tar"]}]""");

        void Add(string name, string content)
            => image.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)) });
    }
}
