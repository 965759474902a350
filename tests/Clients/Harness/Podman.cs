namespace Containerception.Clients.Tests;

/// <summary>podman of Debian sid, root, with the runtime under test and cgroupfs, and an image of busybox.</summary>
public sealed class Podman : IDisposable
{
    public const string Image = "box";

    public Podman()
    {
        // crun takes a cgroup2 mount with any controller for the whole truth.
        Session = new Session("podman", Session.Runtime == "crun" ? "v1" : "hybrid");
        File.WriteAllText(Session.PathOf("/etc/containers/containers.conf"), $"""
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime = "{Session.Runtime}"
            runtime_supports_json = ["ception", "crun", "runc"]
            runtime_supports_nocgroup = ["ception", "crun"]
            env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
            [engine.runtimes]
            ception = ["/usr/local/bin/ception"]
            """);
        // For --userns=auto: ids that nobody else on a machine has.
        File.AppendAllText(Session.PathOf("/etc/passwd"), "containers:x:999:65534::/:/usr/sbin/nologin\n");
        File.WriteAllText(Session.PathOf("/etc/subuid"), "containers:1000000:1000000\n");
        File.WriteAllText(Session.PathOf("/etc/subgid"), "containers:1000000:1000000\n");

        BusyboxImage.Write(Session.PathOf("/tmp/box.tar"));
        Says("import", "/tmp/box.tar", Image);
    }

    internal Session Session { get; }

    internal Outcome Do(params IEnumerable<string> words) => Session.Run(Words(words));

    /// <summary>On a terminal; standard output and error come together then.</summary>
    internal Outcome OnTerminal(params IEnumerable<string> words) => Session.Run("script", "--quiet", "--return", "--command", string.Join(' ', Words(words).Select(Quote)), "/dev/null");

    internal Command Start(params IEnumerable<string> words) => Session.Start(Words(words));

    /// <summary>What it says where it has to succeed.</summary>
    internal string Says(params IEnumerable<string> words) => Do(words).Succeeded();

    public void Dispose() => Session.Dispose();

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static IEnumerable<string> Words(IEnumerable<string> words) => ["podman", .. words];
}
