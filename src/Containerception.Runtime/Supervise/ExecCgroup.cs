using System.Collections.Immutable;
using System.Globalization;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The control groups that a process of exec enters: the container's, or with <c>--cgroup [controller,…:]path</c> groups below them.</summary>
internal sealed class ExecCgroup : IDisposable
{
    private const int ControlBytesMax = 4096;
    private const int CgroupFileBytesMax = 64 << 10;

    private readonly CgroupEntry? _entry;
    private readonly SystemdUnit? _unit;
    private readonly string _below;

    private ExecCgroup(CgroupEntry? entry, SystemdUnit? unit = null, string below = "")
    {
        _entry = entry;
        _unit = unit;
        _below = below;
    }

    /// <summary>systemd puts the child in: see <see cref="Place"/>.</summary>
    public bool IsPlaced => _unit is not null;

    /// <summary>The files of v1, and of resctrl, to which the child writes itself.</summary>
    public IReadOnlyList<SafeFileHandle> Entries => _entry is { } entry ? entry.Tasks : [];

    /// <summary>The v2 directory that the child is born in; null when the container has no groups: a plain user's, without delegation.</summary>
    public SafeFileHandle? BirthPlace => _entry?.Unified;

    public static ExecCgroup Open(SavedState state, ImmutableArray<string> below)
    {
        ImmutableSortedDictionary<string, string> paths = Entered(state);
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
                paths = Entered(state).TryGetValue(controller, out string? own)
                    ? paths.SetItem(controller, own + path)
                    : throw new ContainerException(FailureKind.Invalid, $"--cgroup: the container has no group of the controller \"{controller}\"");
            }
        }

        if (below.IsEmpty && paths.TryGetValue("", out string? unified) && HandsControllersOn(unified))
        {
            paths = paths.SetItem("", OwnGroupOf(state.InitPid, unified));
        }

        using Cgroup cgroup = Cgroup.Load(paths);
        SystemdUnit? placer = state.Unit is { IsOfUser: true } unit && !cgroup.CanBeEntered() ? unit : null;
        CgroupEntry? entry = placer is null ? OpenGroups(cgroup, paths, mayBeGone: below.IsEmpty) : null;
        entry = state.Rdt is null ? entry : CgroupEntry.Join(entry, state.Rdt.OpenTasks());
        return placer is null ? new(entry) : new(entry, placer, PathBelow(placer, paths[""]));
    }

    /// <summary>The groups that the container's processes start in.</summary>
    private static ImmutableSortedDictionary<string, string> Entered(SavedState state)
        => state.Unit is null && state.Annotations.TryGetValue(RuntimeAnnotations.InnerCgroup, out string? inner)
            ? state.CgroupPaths.ToImmutableSortedDictionary(group => group.Key, group => $"{group.Value}/{inner}", StringComparer.Ordinal)
            : state.CgroupPaths;

    /// <summary>Has systemd put a child in that waits for it.</summary>
    public void Place(int pid) => SystemdScope.Attach(_unit!, _below, pid);

    public void Dispose() => _entry?.Dispose();

    private static string PathBelow(SystemdUnit unit, string group) => group[(group.IndexOf(unit.Name, StringComparison.Ordinal) + unit.Name.Length)..];

    private static CgroupEntry? OpenGroups(Cgroup cgroup, ImmutableSortedDictionary<string, string> paths, bool mayBeGone)
    {
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
