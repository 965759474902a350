using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The control groups of a container that is being made: planned first, so that the state file knows them before they are there.</summary>
internal sealed class ContainerCgroup(CgroupLayout layout, string? path, string id, LinuxResources? resources) : IDisposable
{
    private CgroupEntry? _entry;

    /// <summary>Controller to directory.</summary>
    public ImmutableSortedDictionary<string, string> Paths { get; } = Cgroup.PathsFor(layout, path, id);

    /// <summary>The v1 files to which the child writes itself.</summary>
    public IReadOnlyList<SafeFileHandle> Entries => _entry is { } entry ? entry.Tasks : [];

    /// <summary>The v2 directory that the child is born in.</summary>
    public SafeFileHandle? BirthPlace => _entry?.Unified;

    public static ContainerCgroup Plan(LinuxConfig linux, string id)
    {
        LinuxResources? resources = linux.Resources is { Devices.Length: > 0 } limited ? limited with { Devices = DeviceRules.Complete(limited.Devices) } : linux.Resources;
        return new ContainerCgroup(CgroupLayout.Detect(), FromSystemd(linux.CgroupsPath), id, resources);
    }

    /// <summary>Makes the groups with their limits, and opens their doors.</summary>
    public void Make(Undo undo)
    {
        if (layout.Mode == CgroupMode.None && !Limits(resources))
        {
            return;
        }

        try
        {
            Cgroup cgroup = Cgroup.Create(layout, path, id, resources);
            undo.Push(cgroup.Remove);
            _entry = cgroup.OpenEntry();
        }
        catch (CgroupException failure) when (path is null or "" && !Limits(resources) && IsRefusal(failure.InnerException as LinuxException))
        {
            // A plain user without a delegated group, or a container with its groups mounted read-only: nothing is asked of them, so nothing is lost.
        }
    }

    /// <summary>What a mount of type cgroup shows.</summary>
    public CgroupMounts? Mounts()
    {
        if (layout.Mode == CgroupMode.None)
        {
            return null;
        }

        List<(string, string)> own = [];
        List<(string, string)> links = [];
        foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
        {
            if (layout.Mode == CgroupMode.Hybrid && hierarchy.IsUnified)
            {
                continue;
            }

            string name = Path.GetFileName(hierarchy.MountPoint);
            own.Add((name, _entry is null ? hierarchy.MountPoint : Paths[hierarchy.Controllers[0]]));
            foreach (string controller in hierarchy.Controllers)
            {
                if (controller != name && controller.Length > 0 && !controller.StartsWith("name=", StringComparison.Ordinal))
                {
                    links.Add((controller, name));
                }
            }
        }

        return new CgroupMounts(layout.Mode == CgroupMode.Unified, own, links);
    }

    public void Dispose() => _entry?.Dispose();

    /// <summary><c>slice:prefix:name</c> of the systemd driver, as the path that systemd would have made of it.</summary>
    private static string? FromSystemd(string? path)
    {
        if (path?.Split(':') is not [string slice, string prefix, string name])
        {
            return path;
        }

        string parent = slice.Length > 0 ? slice : "system.slice";
        return $"/{parent}/{(prefix.Length > 0 ? prefix + "-" : "")}{name}{(name.EndsWith(".slice", StringComparison.Ordinal) ? "" : ".scope")}";
    }

    private static bool Limits(LinuxResources? resources)
        => resources is not null && (resources.Memory is not null || resources.Cpu is not null || resources.Pids is not null || resources.BlockIo is not null
            || resources.Network is not null || resources.HugepageLimits.Length > 0 || resources.Unified.Count > 0);

    private static bool IsRefusal(LinuxException? failure) => failure?.Errno is Errno.EACCES or Errno.EPERM or Errno.EROFS;
}
