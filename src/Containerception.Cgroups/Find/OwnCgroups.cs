using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>In which groups a process is: /proc/PID/cgroup, cgroups(7). Paths are as this process's cgroup namespace shows them.</summary>
public sealed class OwnCgroups
{
    private const int BytesMax = 1 << 20;

    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    internal OwnCgroups(string text)
    {
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 4:cpu,cpuacct:/user.slice — the path may have colons of its own.
            if (line.Split(':', 3) is not [_, string controllers, string path])
            {
                continue;
            }

            foreach (string controller in controllers.Split(','))
            {
                _paths[controller] = path;
            }
        }
    }

    /// <summary>Reads the caller's.</summary>
    public static OwnCgroups Read() => new(FileContents.ReadText(Descriptor.WorkingDirectory, "/proc/self/cgroup", BytesMax));

    /// <summary>Reads another process's.</summary>
    public static OwnCgroups Read(int pid)
        => new(FileContents.ReadText(Descriptor.WorkingDirectory, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup"), BytesMax));

    /// <summary>The path in a tree from its root, <c>/</c> where the process is in none.</summary>
    public string PathOf(string controller) => _paths.GetValueOrDefault(controller, "/");

    /// <summary>The path from the mount point, which may show only a part of the tree.</summary>
    internal string PathBelow(CgroupHierarchy hierarchy)
    {
        string path = PathOf(hierarchy.Controllers[0]);
        string root = hierarchy.MountRoot;
        if (root != "/" && (path == root || path.StartsWith(root + "/", StringComparison.Ordinal)))
        {
            path = path[root.Length..];
        }

        // "/../x" is what a cgroup namespace says of a group outside of it: the mount point is as near as one can get.
        return path.StartsWith("/..", StringComparison.Ordinal) ? "" : path.TrimEnd('/');
    }
}
