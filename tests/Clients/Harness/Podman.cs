namespace Containerception.Clients.Tests;

/// <summary>podman of Debian sid, root, with the runtime under test and cgroupfs, and an image of busybox.</summary>
public sealed class Podman : IDisposable
{
    public const string Image = "box";

    public Podman()
    {
        Session = new Session("podman");
        File.WriteAllText(Session.PathOf("/etc/containers/containers.conf"), """
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime_supports_json = ["ception", "crun", "runc"]
            runtime_supports_nocgroup = ["ception", "crun"]
            env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
            [engine.runtimes]
            ception = ["/usr/local/bin/ception"]
            """);
        BusyboxImage.Write(Session.PathOf("/tmp/box.tar"));
        Says("import", "/tmp/box.tar", Image);
    }

    internal Session Session { get; }

    internal Outcome Do(params IEnumerable<string> words) => Session.Run(Words(words));

    internal Command Start(params IEnumerable<string> words) => Session.Start(Words(words));

    /// <summary>What it says where it has to succeed.</summary>
    internal string Says(params IEnumerable<string> words) => Do(words).Succeeded();

    public void Dispose() => Session.Dispose();

    private static IEnumerable<string> Words(IEnumerable<string> words) => ["podman", "--runtime", Session.Runtime, .. words];
}
