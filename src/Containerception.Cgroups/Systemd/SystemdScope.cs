using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>A container's groups, made by systemd as a transient scope: it is told of them before it makes its own plans. systemd.scope(5).</summary>
/// <remarks>
/// A scope begins with a process: so the container's first one is started outside, waits, and is moved in. When it ends, for whatever reason,
/// the scope is empty and systemd lets go of it; nothing is left of a runtime that was killed.
/// </remarks>
public sealed class SystemdScope : IDisposable
{
    private readonly SystemdCalls _systemd;
    private readonly CgroupLayout _layout;
    private readonly SystemdCgroupsPath _path;
    private readonly string _group;
    private readonly string _below;
    private bool _isOurs;

    private SystemdScope(SystemdCalls systemd, bool user, CgroupLayout layout, SystemdCgroupsPath path, string below)
    {
        _systemd = systemd;
        _layout = layout;
        _path = path;
        _below = CgroupPath.Clean(below);
        Unit = new SystemdUnit(path.Unit, user);

        // The user's systemd has a part of the tree, and its slices are there.
        _group = (user ? systemd.ControlGroup() : "") + path.Path;
    }

    /// <summary>What is kept of it, to stop it and to change it.</summary>
    public SystemdUnit Unit { get; }

    /// <summary>Where its groups will be, as <see cref="Cgroup.Paths"/>.</summary>
    public ImmutableSortedDictionary<string, string> Paths => Cgroup.PathsFor(_layout, GroupOfProcesses, "");

    private string GroupOfProcesses => _below.Length == 0 ? _group : $"{_group}/{_below}";

    /// <summary>Whether the caller's units are his own systemd's: he is not root, or not the root whose process is init (rootless Podman's).</summary>
    public static bool IsOfUser => Credentials.EffectiveUid != 0
        || FileStatuses.TryStatx(Descriptor.WorkingDirectory, "/proc/1", AtFlags.AT_SYMLINK_NOFOLLOW) is not { Uid: 0 };

    /// <summary>Connects to systemd; nothing is made yet.</summary>
    /// <param name="layout">From <see cref="CgroupLayout.Detect"/>.</param>
    /// <param name="cgroupsPath"><c>slice:prefix:name</c>.</param>
    /// <param name="user">The caller's own systemd, not the machine's.</param>
    /// <param name="below">A group below the scope's to put the processes in; empty for none.</param>
    /// <exception cref="CgroupException">Nobody answers.</exception>
    public static SystemdScope Plan(CgroupLayout layout, string cgroupsPath, bool user, string below)
    {
        if (user && layout.Mode != CgroupMode.Unified)
        {
            throw new CgroupException("a user's own systemd has no limits to give on cgroup v1", "use --cgroup-manager cgroupfs, or a machine with cgroup v2");
        }

        SystemdCgroupsPath path = SystemdCgroupsPath.Parse(cgroupsPath, user ? "user.slice" : "system.slice");
        SystemdCalls systemd = SystemdCalls.Connect(user);
        try
        {
            return new SystemdScope(systemd, user, layout, path, below);
        }
        catch
        {
            systemd.Dispose();
            throw;
        }
    }

    /// <summary>Starts the scope with a process, and sets the limits. When it fails the scope may be there: see <see cref="TakeBack"/>.</summary>
    /// <param name="pid">The first process.</param>
    /// <param name="id">The container's.</param>
    /// <param name="resources">The limits.</param>
    /// <param name="asked">Properties that the caller asks for; they count more than ours.</param>
    public Cgroup Start(int pid, string id, LinuxResources? resources, IReadOnlyList<UnitProperty> asked)
    {
        List<UnitProperty> properties = Basics(pid, id);
        properties.AddRange(UnitLimits.Of(CgroupLimits.Compile(_layout, resources ?? new()), _systemd.Version));
        properties.AddRange(asked);
        try
        {
            _isOurs = true;
            _systemd.StartTransientUnit(_path.Unit, properties);
        }
        catch (CgroupException failure) when (SystemdCalls.IsRefusal(failure))
        {
            // Nothing was made; and if there is such a unit, it is somebody else's.
            _isOurs = false;
            throw;
        }

        EnterBelow(pid);
        Cgroup cgroup = Cgroup.Adopt(_layout, GroupOfProcesses, resources);
        try
        {
            // systemd has put it into its own trees, which in version 1 are not all.
            cgroup.Enter(pid);
            return cgroup;
        }
        catch
        {
            cgroup.Dispose();
            throw;
        }
    }

    /// <summary>Takes back what <see cref="Start"/> may have made; never what had the name before.</summary>
    public void TakeBack()
    {
        if (_isOurs)
        {
            Stop(Unit);
            using Cgroup cgroup = Cgroup.Load(Paths);
            cgroup.Remove();
        }
    }

    /// <summary>Tells systemd of new limits of a scope that runs.</summary>
    internal static void Update(SystemdUnit unit, IReadOnlyList<CgroupWrite> plan)
    {
        using SystemdCalls systemd = SystemdCalls.Connect(unit.IsOfUser);
        List<UnitProperty> properties = UnitLimits.Of(plan, systemd.Version);
        if (properties.Count > 0)
        {
            systemd.SetUnitProperties(unit.Name, properties);
        }
    }

    /// <summary>Moves a process in, which a plain user may not do himself from outside of his systemd's part of the tree.</summary>
    /// <param name="unit">The scope.</param>
    /// <param name="below">A group below it, from its own group; empty for that.</param>
    /// <param name="pid">The process.</param>
    public static void Attach(SystemdUnit unit, string below, int pid)
    {
        using SystemdCalls systemd = SystemdCalls.Connect(unit.IsOfUser);
        systemd.AttachProcess(unit.Name, below.Length == 0 ? "" : "/" + below.Trim('/'), pid);
    }

    /// <summary>Stops a scope in which no process is left; no error when there is none.</summary>
    public static void Stop(SystemdUnit unit)
    {
        using SystemdCalls systemd = SystemdCalls.Connect(unit.IsOfUser);
        systemd.StopUnit(unit.Name);
    }

    public void Dispose() => _systemd.Dispose();

    private List<UnitProperty> Basics(int pid, string id) =>
    [
        new("Description", $"containerception container {id}"),
        new("Slice", _path.Slice),

        // The groups below are the container's, and systemd keeps its hands off them.
        new("Delegate", true),
        new("PIDs", DBusValue.Array("u", (uint)pid)),
        new("MemoryAccounting", true),
        new("CPUAccounting", true),
        new(_layout.Mode == CgroupMode.Unified ? "IOAccounting" : "BlockIOAccounting", true),
        new("TasksAccounting", true),

        // It ends with its container, not at the first moment of a shutdown.
        new("DefaultDependencies", false),

        // A scope whose processes were killed counts as failed, and would be kept with its name.
        new("CollectMode", "inactive-or-failed"),
    ];

    /// <summary>Before controllers are handed on: in version 2 a group with processes of its own cannot.</summary>
    private void EnterBelow(int pid)
    {
        if (_below.Length == 0 || _layout.Mode != CgroupMode.Unified)
        {
            return;
        }

        string path = $"{_layout.Hierarchies[0].MountPoint}{GroupOfProcesses}";
        Directory.CreateDirectory(path);
        FileContents.WriteText(Descriptor.WorkingDirectory, $"{path}/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>A unit of systemd by its name, and whose systemd: the machine's or the user's.</summary>
public sealed record SystemdUnit(string Name, bool IsOfUser);
