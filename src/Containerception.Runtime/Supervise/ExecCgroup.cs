using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The control groups that a process of exec enters: the container's, or with <c>--cgroup [controller,…:]path</c> groups below them.</summary>
internal static class ExecCgroup
{
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

        using Cgroup cgroup = Cgroup.Load(paths);
        try
        {
            return paths.IsEmpty ? null : cgroup.OpenEntry();
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENOENT && below.IsEmpty)
        {
            return null;
        }
    }
}
