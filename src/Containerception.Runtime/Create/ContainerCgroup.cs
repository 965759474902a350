using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The control groups of a container that is being made: planned first, so that the state file knows them before they are there.</summary>
internal sealed class ContainerCgroup(CgroupLayout layout, string? path, string id, LinuxResources? resources, IntelRdtConfig? rdt, CreateRequest request) : IDisposable
{
    private CgroupEntry? _entry;
    private ImmutableArray<SafeFileHandle> _rdtTasks = [];

    /// <summary>Controller to directory.</summary>
    public ImmutableSortedDictionary<string, string> Paths { get; } =
        request.CgroupManager == CgroupManager.Disabled ? ImmutableSortedDictionary<string, string>.Empty : Cgroup.PathsFor(layout, path, id);

    /// <summary>The same once they were made: none when the container goes without.</summary>
    public ImmutableSortedDictionary<string, string> MadePaths => _entry is null ? ImmutableSortedDictionary<string, string>.Empty : Paths;

    /// <summary>The files of v1, and of resctrl, to which the child writes itself.</summary>
    public IReadOnlyList<SafeFileHandle> Entries => _entry is { } entry ? entry.Tasks.AddRange(_rdtTasks) : _rdtTasks;

    /// <summary>The class of service, which no control group is but is entered like one.</summary>
    public ResctrlGroup? Rdt { get; private set; }

    /// <summary>The v2 directory that the child is born in.</summary>
    public SafeFileHandle? BirthPlace => _entry?.Unified;

    public static ContainerCgroup Plan(LinuxConfig linux, CreateRequest request)
    {
        LinuxResources? resources = linux.Resources is { Devices.Length: > 0 } limited ? limited with { Devices = DeviceRules.Complete(limited.Devices) } : linux.Resources;
        string? path = request.CgroupManager == CgroupManager.Systemd
            ? SystemdCgroupsPath.ToPath(linux.CgroupsPath is { Length: > 0 } given ? given : $":ception:{request.Id}")
            : linux.CgroupsPath;
        return new ContainerCgroup(CgroupLayout.Detect(), path, request.Id, resources, linux.IntelRdt, request);
    }

    /// <summary>Makes the groups with their limits, and opens their doors.</summary>
    public void Make(Undo undo)
    {
        MakeGroups(undo);
        if (rdt is not null)
        {
            Rdt = ResctrlGroup.Make(ResctrlMount.Require("linux.intelRdt"), rdt, id);
            undo.Push(Rdt.Remove);
            _rdtTasks = Rdt.OpenTasks();
        }
    }

    private void MakeGroups(Undo undo)
    {
        if (request.CgroupManager == CgroupManager.Disabled && Limits(resources))
        {
            throw new ContainerException(FailureKind.Invalid, "linux.resources: there are no limits without cgroups, and --cgroup-manager is disabled");
        }

        if (request.CgroupManager == CgroupManager.Disabled || (layout.Mode == CgroupMode.None && !Limits(resources)))
        {
            return;
        }

        try
        {
            Cgroup cgroup = Cgroup.Create(layout, path, id, resources);
            undo.Push(cgroup.Remove);
            _entry = cgroup.OpenEntry();
        }
        catch (CgroupException failure) when (MayGoWithout && IsRefusal(failure.InnerException as LinuxException))
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

    public void Dispose()
    {
        _entry?.Dispose();
        foreach (SafeFileHandle tasks in _rdtTasks)
        {
            tasks.Dispose();
        }
    }

    private bool MayGoWithout => request.Rootless ?? (path is null or "" && !Limits(resources));

    private static bool Limits(LinuxResources? resources)
        => resources is not null && (resources.Memory is not null || resources.Cpu is not null || resources.Pids is not null || resources.BlockIo is not null
            || resources.Network is not null || resources.HugepageLimits.Length > 0 || resources.Rdma.Count > 0 || resources.Unified.Count > 0);

    private static bool IsRefusal(LinuxException? failure) => failure?.Errno is Errno.EACCES or Errno.EPERM or Errno.EROFS;
}
