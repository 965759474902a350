using System.Collections.Immutable;
using System.Globalization;
using Containerception.Cgroups;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The control groups that a process of exec enters: the container's, or with <c>--cgroup [controller,…:]path</c> groups below them.</summary>
internal static class ExecCgroup
{
    private const int ControlBytesMax = 4096;
    private const int CgroupFileBytesMax = 64 << 10;

    /// <returns>Null when the container has no groups: a plain user's, without delegation.</returns>
    public static CgroupEntry? Open(SavedState state, ImmutableArray<string> below)
    {
        ImmutableSortedDictionary<string, string> paths = state.CgroupPaths;
        foreach (string text in below)
        {
            int colon = text.LastIndexOf(':');
            string path = "/" + text[(colon + 1)..].Trim('/');
            if (path.Split('/').Contains(".."))
            {
                throw new ContainerException(FailureKind.Invalid, $"--cgroup: \"{text}\" leads out of the container's group");
            }

            IEnumerable<string> controllers = colon < 0 ? state.CgroupPaths.Keys : text[..colon].Split(',');
            foreach (string controller in controllers)
            {
                paths = state.CgroupPaths.TryGetValue(controller, out string? own)
                    ? paths.SetItem(controller, own + path)
                    : throw new ContainerException(FailureKind.Invalid, $"--cgroup: the container has no group of the controller \"{controller}\"");
            }
        }

        if (below.IsEmpty && paths.TryGetValue("", out string? unified) && HandsControllersOn(unified))
        {
            paths = paths.SetItem("", OwnGroupOf(state.InitPid, unified));
        }

        CgroupEntry? entry = OpenGroups(paths, mayBeGone: below.IsEmpty);
        return state.Rdt is null ? entry : CgroupEntry.Join(entry, state.Rdt.OpenTasks());
    }

    private static CgroupEntry? OpenGroups(ImmutableSortedDictionary<string, string> paths, bool mayBeGone)
    {
        using Cgroup cgroup = Cgroup.Load(paths);
        try
        {
            return paths.IsEmpty ? null : cgroup.OpenEntry();
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENOENT && mayBeGone)
        {
            return null;
        }
    }

    /// <summary>cgroups(7), "no internal processes": a group whose controllers were given to groups below it takes no process any more.</summary>
    private static bool HandsControllersOn(string group)
    {
        try
        {
            return FileContents.ReadText(Descriptor.WorkingDirectory, group + "/cgroup.subtree_control", ControlBytesMax).AsSpan().Trim().Length > 0;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.ENODEV or Errno.EACCES)
        {
            return false;
        }
    }

    /// <summary>Where the container's own manager has put its first process: below the container's group, or the group itself where it cannot be told.</summary>
    private static string OwnGroupOf(int init, string group)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"/proc/{init}/cgroup");
        foreach (string line in FileContents.ReadText(Descriptor.WorkingDirectory, file, CgroupFileBytesMax).Split('\n'))
        {
            if (!line.StartsWith("0::/", StringComparison.Ordinal))
            {
                continue;
            }

            // As the file tells it, from a root that may not be the mount's: what follows the longest beginning that the group ends with is below it.
            string path = line["0::".Length..];
            for (int end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
            {
                if (group.EndsWith(path[..end], StringComparison.Ordinal))
                {
                    return group + path[end..];
                }
            }
        }

        return group;
    }
}
