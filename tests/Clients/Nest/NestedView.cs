using System.Text.RegularExpressions;

namespace Containerception.Clients.Tests;

/// <summary>
/// Four containers on one machine: docker's own, with its defaults; one that nests; and below that a plain one, and one that nests. Of each what its
/// root sees of the kernel's files, in those that nest after he has taken off all that lies over them.
/// </summary>
public sealed partial class NestedView
{
    // At the first level a sysfs may be mounted to write to, further down not.
    private const string Bare = """
        mkdir /tmp/proc /tmp/sys
        mount -t proc proc /tmp/proc
        mount -t sysfs sys /tmp/sys || mount -t sysfs -o ro sys /tmp/sys

        """;

    private const string Level2 = "cdock import /box.tar box >/dev/null\ncdock run --rm --network none ";

    private readonly Docker _docker;

    public NestedView(Docker docker)
    {
        _docker = docker;
        EngineImage.Import(docker.Session, "docker");
        docker.Session.Run("cdock", "import", "/tmp/engine.tar", EngineImage.Name).Succeeded();
        File.WriteAllText(docker.Session.PathOf("/tmp/bare"), Bare);
        DockersFiles = Files(Dockers("probe reach /proc /sys /dev"));
        CoveredFiles = Files(Level1("probe reach /proc /sys /dev"));
        BareFiles = Files(Level1(". /bare\nprobe reach /tmp/proc /tmp/sys /sys/fs/cgroup /dev"));
        BelowFiles = Files(Below("", "probe reach /proc /sys /dev"));
        BareBelowFiles = Files(BareBelow("probe reach /tmp/proc /tmp/sys /sys/fs/cgroup /dev"));
    }

    /// <summary>What opens in docker's container: <c>r PATH</c> and <c>w PATH</c>.</summary>
    internal HashSet<string> DockersFiles { get; }

    /// <summary>The same in a container that nests, as it starts.</summary>
    internal HashSet<string> CoveredFiles { get; }

    /// <summary>And when its root has done what he can to see more.</summary>
    internal HashSet<string> BareFiles { get; }

    /// <summary>In a container of the second level.</summary>
    internal HashSet<string> BelowFiles { get; }

    /// <summary>In one that nests there, when its root has done what he can.</summary>
    internal HashSet<string> BareBelowFiles { get; }

    /// <summary>What a script says in docker's container.</summary>
    internal string Dockers(string script) => _docker.Says("run", "--rm", "--runtime", Docker.Own, Docker.Image, "sh", "-c", script);

    /// <summary>In a container that nests.</summary>
    internal string Level1(string script, params string[] flags)
        => _docker.Session.Run(["cdock", "run", "--rm", "--nest", "-v", "/tmp/bare:/bare:ro", .. flags, EngineImage.Name, "sh", "-c", script]).Succeeded();

    /// <summary>In a container of that one, with flags.</summary>
    internal string Below(string flags, string script)
        => Level1($"{Level2} {flags} box sh -c \"$script\"", "-e", $"script={script}");

    /// <summary>In a container of that one that nests too, with nothing over its files.</summary>
    internal string BareBelow(string script)
        => Level1($"{Level2} --nest -v /bare:/bare:ro box sh -c \"$script\"", "-e", $"script=. /bare\n{script}");

    private static HashSet<string> Files(string said) => [.. said.Split('\n').Select(Normal)];

    // Mounted anew, or where it was; whatever the process, its thread, its descriptors and the interfaces are called.
    private static string Normal(string line)
        => Interface().Replace(Number().Replace(line.Replace(" /tmp/", " /", StringComparison.Ordinal), "N"), "IF");

    [GeneratedRegex("(?<= /proc/)[0-9]+(?=/)|(?<=/(?:task|fdinfo)/)[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex("(?<=/(?:conf|neigh|virtual/net)/)[^/]+(?=/)")]
    private static partial Regex Interface();
}
