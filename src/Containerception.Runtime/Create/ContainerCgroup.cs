using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The control groups of a container that is being made: planned first, so that the state file knows them before they are there.</summary>
internal sealed class ContainerCgroup : IDisposable
{
    private readonly CgroupLayout _layout;
    private readonly string? _path;
    private readonly LinuxResources? _resources;
    private readonly CreateRequest _request;
    private readonly CgroupAnnotations _annotations;
    private readonly uint? _owner;
    private readonly IntelRdtConfig? _rdt;
    private readonly SystemdScope? _scope;
    private CgroupEntry? _entry;
    private Cgroup? _placed;
    private ImmutableArray<SafeFileHandle> _rdtTasks = [];

    private ContainerCgroup(LinuxConfig linux, CreateRequest request, CgroupAnnotations annotations, uint? owner)
    {
        _layout = CgroupLayout.Detect();
        _path = linux.CgroupsPath is { Length: > 0 } given ? given : null;
        _resources = DeviceRules.Complete(linux, request.CgroupManager, _layout);
        _rdt = linux.IntelRdt;
        _request = request;
        _annotations = annotations;
        _owner = owner;
        if (request.CgroupManager == CgroupManager.Systemd)
        {
            _scope = SystemdScope.Plan(_layout, _path ?? $":ception:{request.Id}", request.Rootless ?? SystemdScope.IsOfUser, annotations.Subgroup);
        }

        Paths = request.CgroupManager == CgroupManager.Disabled ? ImmutableSortedDictionary<string, string>.Empty
            : _scope is { } scope ? scope.Paths
            : Cgroup.PathsFor(_layout, _path, request.Id);
    }

    /// <summary>Controller to directory.</summary>
    public ImmutableSortedDictionary<string, string> Paths { get; }

    /// <summary>The same once they were made: none when the container goes without. systemd's are made for the child: see <see cref="Place"/>.</summary>
    public ImmutableSortedDictionary<string, string> MadePaths
        => _entry is null && _scope is null ? ImmutableSortedDictionary<string, string>.Empty : Paths;

    /// <summary>The unit that systemd makes; null when it does not.</summary>
    public SystemdUnit? Unit => _scope?.Unit;

    /// <summary>The files of v1, and of resctrl, to which the child writes itself.</summary>
    public IReadOnlyList<SafeFileHandle> Entries => _entry is { } entry ? entry.Tasks.AddRange(_rdtTasks) : _rdtTasks;

    /// <summary>The class of service, which no control group is but is entered like one.</summary>
    public ResctrlGroup? Rdt { get; private set; }

    /// <summary>The v2 directory that the child is born in.</summary>
    public SafeFileHandle? BirthPlace => _entry?.Unified;

    public static ContainerCgroup Plan(RuntimeConfig config, CreateRequest request)
    {
        LinuxConfig linux = config.Linux ?? new();
        return new ContainerCgroup(linux, request, CgroupAnnotations.Read(config.Annotations, request.CgroupManager), CgroupOwner.Of(config));
    }

    /// <summary>Makes the groups with their limits, and opens their doors; or prepares for systemd's.</summary>
    public void Make(Undo undo)
    {
        MakeGroups(undo);
        if (_rdt is not null)
        {
            Rdt = ResctrlGroup.Make(ResctrlMount.Require("linux.intelRdt"), _rdt, _request.Id);
            undo.Push(Rdt.Remove);
            _rdtTasks = Rdt.OpenTasks();
        }
    }

    /// <summary>The groups and what is written to their files, for readers.</summary>
    public string Describe()
    {
        string[] limits = [.. Cgroup.Describe(_layout, _resources)];
        string where = Unit is { } unit ? $"StartTransientUnit({unit.Name})" : $"mkdir({string.Join(", ", MadePaths.Values.Distinct(StringComparer.Ordinal))})";
        return limits.Length == 0 ? where : $"{where}; {string.Join("; ", limits)}";
    }

    /// <summary>Has systemd make the groups around a child that waits for it.</summary>
    /// <returns>Where they are.</returns>
    public ImmutableSortedDictionary<string, string> Place(int pid)
    {
        _placed = _scope!.Start(pid, _request.Id, _resources, _annotations.Properties);
        Delegate(_placed);
        return _placed.Paths;
    }

    /// <summary>What a mount of type cgroup shows.</summary>
    public CgroupMounts? Mounts()
    {
        if (_layout.Mode == CgroupMode.None)
        {
            return null;
        }

        List<CgroupMount> own = [];
        List<(string, string)> links = [];
        foreach (CgroupHierarchy hierarchy in _layout.Hierarchies)
        {
            if (_layout.Mode == CgroupMode.Hybrid && hierarchy.IsUnified)
            {
                continue;
            }

            string name = Path.GetFileName(hierarchy.MountPoint);
            // Who has no group of his own sees that of whoever makes him, and changes nothing there (CVE-2023-25809).
            own.Add(MadePaths.TryGetValue(hierarchy.Controllers[0], out string? made) ? new CgroupMount(name, Inside(made), IsOwn: true) : new CgroupMount(name, Cgroup.PathOfCaller(hierarchy), IsOwn: false));
            foreach (string controller in hierarchy.Controllers)
            {
                if (controller != name && controller.Length > 0 && !controller.StartsWith("name=", StringComparison.Ordinal))
                {
                    links.Add((controller, name));
                }
            }
        }

        return new CgroupMounts(_layout.Mode == CgroupMode.Unified, own, links);
    }

    public void Dispose()
    {
        _entry?.Dispose();
        foreach (SafeFileHandle tasks in _rdtTasks)
        {
            tasks.Dispose();
        }

        _placed?.Dispose();
        _scope?.Dispose();
    }

    private string Inside(string group) => _annotations.Inner is null ? group : group + "/" + _annotations.Inner;

    private bool MayGoWithout => _request.Rootless ?? (_path is null && !Limits(_resources));

    private void MakeGroups(Undo undo)
    {
        if (_scope is not null)
        {
            // Taken back after the child, which was put there before and may block what systemd would end it with.
            undo.Push(_scope.TakeBack);
            return;
        }

        if (_request.CgroupManager == CgroupManager.Disabled && Limits(_resources))
        {
            throw new ContainerException(FailureKind.Invalid, "linux.resources: there are no limits without cgroups, and --cgroup-manager is disabled");
        }

        if (_request.CgroupManager == CgroupManager.Disabled || (_layout.Mode == CgroupMode.None && !Limits(_resources)))
        {
            return;
        }

        try
        {
            Cgroup cgroup = Cgroup.Create(_layout, _path, _request.Id, _resources);

            // It was empty when it was made ours: whoever is in it the child has left there, as a hook may.
            undo.Push(cgroup.RemoveWithProcesses);
            if (_annotations.Inner is null)
            {
                Delegate(cgroup);
                _entry = cgroup.OpenEntry();
                return;
            }

            using Cgroup inner = cgroup.MakeInner(_annotations.Inner, _owner ?? Credentials.EffectiveUid);
            _entry = inner.OpenEntry();
        }
        catch (CgroupException failure) when (MayGoWithout && IsRefusal(failure.InnerException as LinuxException))
        {
            // A plain user without a delegated group, or a container with its groups mounted read-only: nothing is asked of them, so nothing is lost.
        }
    }

    private void Delegate(Cgroup cgroup)
    {
        if (_owner is not { } uid)
        {
            return;
        }

        try
        {
            cgroup.Delegate(uid);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EPERM && Credentials.EffectiveUid != 0)
        {
            // A plain user's groups are his, and he can give them to nobody else.
        }
    }

    private static bool Limits(LinuxResources? resources)
        => resources is not null && (resources.Memory is not null || resources.Cpu is not null || resources.Pids is not null || resources.BlockIo is not null
            || resources.Network is not null || resources.HugepageLimits.Length > 0 || resources.Rdma.Count > 0 || resources.Unified.Count > 0);

    private static bool IsRefusal(LinuxException? failure) => failure?.Errno is Errno.EACCES or Errno.EPERM or Errno.EROFS;
}
