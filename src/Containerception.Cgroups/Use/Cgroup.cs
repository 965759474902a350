using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>The control groups of one container: a directory in every tree that the machine has. cgroups(7).</summary>
public sealed class Cgroup : IDisposable
{
    private readonly ImmutableArray<CgroupNode> _nodes;

    private Cgroup(ImmutableArray<CgroupNode> nodes) => _nodes = nodes;

    /// <summary>
    /// The directories by controller: <c>memory</c>, <c>name=systemd</c>, and the empty name for version 2. This is what is kept of a
    /// container, for <see cref="Load"/>.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Paths
    {
        get
        {
            ImmutableSortedDictionary<string, string>.Builder paths = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            foreach (CgroupNode node in _nodes)
            {
                foreach (string controller in node.Controllers)
                {
                    paths[controller] = node.Path;
                }
            }

            return paths.ToImmutable();
        }
    }

    /// <summary>Whether the container is frozen.</summary>
    public bool IsFrozen => FreezerNode is { Exists: true } node && Freezer.IsFrozen(node);

    private CgroupNode? Unified => Find(CgroupHierarchy.UnifiedName);

    private CgroupNode? FreezerNode => Find("freezer") ?? Unified;

    /// <summary>Makes the groups, and sets all limits before any process is in them. When anything fails, all that was made is taken away.</summary>
    /// <param name="layout">From <see cref="CgroupLayout.Detect"/>.</param>
    /// <param name="cgroupsPath">
    /// <c>linux.cgroupsPath</c>: absolute from the mount points; relative, and <c>ception-ID</c> when null or empty, below the caller's own group
    /// (version 2: beside it).
    /// </param>
    /// <param name="id">The container's id.</param>
    /// <param name="resources">The limits.</param>
    /// <exception cref="CgroupException">A group is there and used; a controller is missing; the kernel refuses a value.</exception>
    /// <exception cref="ConfigException">A limit has a value that none can have.</exception>
    public static Cgroup Create(CgroupLayout layout, string? cgroupsPath, string id, LinuxResources? resources)
        => new(new CgroupCreation(layout).Create(cgroupsPath, id, resources));

    /// <summary>Takes over groups that systemd has made, and sets what limits it does not know. Where a tree lacks the group it is made.</summary>
    /// <param name="layout">From <see cref="CgroupLayout.Detect"/>.</param>
    /// <param name="path">From the mount points.</param>
    /// <param name="resources">The limits.</param>
    internal static Cgroup Adopt(CgroupLayout layout, string path, LinuxResources? resources) => new(new CgroupCreation(layout).Adopt(path, resources));

    /// <summary>What <see cref="Paths"/> is of the groups that a process is in, whoever made them.</summary>
    public static ImmutableSortedDictionary<string, string> PathsOf(CgroupLayout layout, int pid)
    {
        OwnCgroups theirs = OwnCgroups.Read(pid);
        ImmutableSortedDictionary<string, string>.Builder paths = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
        {
            foreach (string controller in hierarchy.Controllers)
            {
                paths[controller] = hierarchy.MountPoint + theirs.PathBelow(hierarchy);
            }
        }

        return paths.ToImmutable();
    }

    /// <summary>What is written for the limits: <c>memory.max = 67108864</c>.</summary>
    public static IEnumerable<string> Describe(CgroupLayout layout, LinuxResources? resources)
        => CgroupLimits.Compile(layout, resources ?? new()).Select(write => write.ToString());

    /// <summary>Refuses groups that are there and in use: to be asked before they are noted as one's own, for whoever finds that note will end what is in them.</summary>
    /// <exception cref="CgroupException">One is.</exception>
    public static void RefuseUsed(ImmutableSortedDictionary<string, string> paths)
    {
        foreach (string path in paths.Values.Distinct(StringComparer.Ordinal))
        {
            if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.AT_SYMLINK_NOFOLLOW) is not null)
            {
                using CgroupNode node = new(path, []);
                CgroupCreation.RefuseUsed(node);
            }
        }
    }

    /// <summary>What <see cref="Paths"/> will be of a group that <see cref="Create"/> makes with the same arguments: to be noted before it is made, so that
    /// nothing is left behind by a crash in between.</summary>
    public static ImmutableSortedDictionary<string, string> PathsFor(CgroupLayout layout, string? cgroupsPath, string id)
    {
        Lazy<OwnCgroups> own = new(OwnCgroups.Read, isThreadSafe: false);
        ImmutableSortedDictionary<string, string>.Builder paths = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
        {
            string path = hierarchy.MountPoint + "/" + CgroupPath.Resolve(hierarchy, cgroupsPath, id, own);
            foreach (string controller in hierarchy.Controllers)
            {
                paths[controller] = path;
            }
        }

        return paths.ToImmutable();
    }

    /// <summary>The groups of a container that is there, from what <see cref="Paths"/> said. Touches nothing yet.</summary>
    public static Cgroup Load(IReadOnlyDictionary<string, string> paths)
    {
        // Controllers that share a tree share a directory.
        List<(string Path, List<string> Controllers)> found = [];
        foreach ((string controller, string path) in paths)
        {
            int index = found.FindIndex(entry => entry.Path == path);
            if (index < 0)
            {
                found.Add((path, [controller]));
            }
            else
            {
                found[index].Controllers.Add(controller);
            }
        }

        return new([.. found.Select(entry => new CgroupNode(entry.Path, [.. entry.Controllers]))]);
    }

    /// <summary>Sets these limits; all others, and the devices, stay as they are. When the kernel refuses one, none is changed.</summary>
    /// <param name="changes">The limits.</param>
    /// <param name="unit">The scope that systemd made of the groups, if it did.</param>
    /// <exception cref="CgroupException">A controller is missing; the kernel refuses a value.</exception>
    /// <exception cref="ConfigException">A limit has a value that none can have.</exception>
    public void Change(LinuxResources changes, SystemdUnit? unit = null)
    {
        bool unified = _nodes is [{ IsUnified: true }];
        changes = changes with { Devices = [] };
        List<CgroupWrite> plan = unified ? LimitsV2.Compile(changes) : LimitsV1.Compile(changes);
        CgroupLimits limits = new(unified ? CgroupMode.Unified : CgroupMode.Legacy, _nodes);
        limits.CheckUsage(changes.Memory);
        limits.Change(plan, unit);
    }

    /// <summary>Opens what a new process needs to enter. The limits hold for it from its first instruction there.</summary>
    public CgroupEntry OpenEntry()
    {
        SafeFileHandle? unified = null;
        ImmutableArray<SafeFileHandle>.Builder tasks = ImmutableArray.CreateBuilder<SafeFileHandle>(_nodes.Length);
        try
        {
            foreach (CgroupNode node in _nodes)
            {
                if (node.IsUnified)
                {
                    unified = node.OpenFile(".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                }
                else
                {
                    tasks.Add(node.OpenFile("tasks", OpenFlags.O_WRONLY));
                }
            }

            return new(unified, tasks.DrainToImmutable());
        }
        catch
        {
            new CgroupEntry(unified, tasks.DrainToImmutable()).Dispose();
            throw;
        }
    }

    /// <summary>Moves a process in, with all its threads. Slow in version 1: see <see cref="OpenEntry"/>.</summary>
    public void Enter(int pid)
    {
        foreach (CgroupNode node in _nodes)
        {
            node.Write("cgroup.procs", pid.ToString(provider: null));
        }
    }

    /// <summary>
    /// Gives version 2's group to a user, with the files that its owner may write: he can divide it, but not change what it has. cgroups(7),
    /// "Delegation". Version 1's are not safe to give away.
    /// </summary>
    public void Delegate(uint uid)
    {
        if (Unified is not { } node || _nodes.Length > 1 || FileStatuses.Statx(node.Directory).Uid == uid)
        {
            return;
        }

        CgroupDelegation.Give(node, uid);
    }

    /// <summary>
    /// Makes a group in each of these that is a user's to divide, while the limits of these hold for all that he does: they are above what is his.
    /// Of version 1 he gets the files by which processes and groups are brought in, and no other.
    /// </summary>
    /// <param name="name">Of each.</param>
    /// <param name="uid">The user.</param>
    public Cgroup MakeInner(string name, uint uid) => new([.. _nodes.Select(node => CgroupDelegation.Divide(node, name, uid))]);

    /// <summary>
    /// Whether the caller may move processes of his own in. Version 2 asks that he can write cgroup.procs of the nearest group above both, too:
    /// a user's session and his systemd's units have only root's above them.
    /// </summary>
    public bool CanBeEntered()
    {
        if (Unified is not { } node || CgroupLayout.Detect().Find(CgroupHierarchy.UnifiedName) is not { } hierarchy)
        {
            return true;
        }

        string[] own = OwnCgroups.Read().PathBelow(hierarchy).Split('/', StringSplitOptions.RemoveEmptyEntries);
        string[] there = node.Path[hierarchy.MountPoint.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        int shared = own.AsSpan().CommonPrefixLength(there);
        using CgroupNode above = new(string.Join('/', [hierarchy.MountPoint, .. there[..shared]]), hierarchy.Controllers);
        try
        {
            using SafeFileHandle? door = above.TryOpenFile("cgroup.procs", OpenFlags.O_WRONLY);
            return door is not null;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EACCES or Errno.EPERM)
        {
            return false;
        }
    }

    /// <summary>All processes of the container and of the containers in it, as the caller sees them, each once. None when the groups are gone.</summary>
    public IReadOnlyList<int> Processes()
    {
        SortedSet<int> pids = [];
        if (ProcessesNode is { Exists: true } node)
        {
            node.AddAllProcesses(pids);
        }

        return [.. pids];
    }

    /// <summary>The directory of the group that this process is in.</summary>
    public static string PathOfCaller(CgroupHierarchy hierarchy)
    {
        ArgumentNullException.ThrowIfNull(hierarchy);
        return hierarchy.MountPoint + OwnCgroups.Read().PathBelow(hierarchy);
    }

    /// <summary>Stops all processes where they are, and waits until they have stopped.</summary>
    /// <exception cref="CgroupException">They did not stop in ten seconds; or there is nothing to freeze with.</exception>
    public void Freeze() => Freezer.Freeze(FreezerNode ?? throw NoFreezer());

    /// <summary>Lets them go on. Without a group nobody is frozen.</summary>
    public void Thaw()
    {
        if (FreezerNode is { Exists: true } node)
        {
            Freezer.Thaw(node);
        }
    }

    /// <summary>Lets all go on that were killed, also those that the container itself has frozen.</summary>
    public void ThawAll()
    {
        if (FreezerNode is { Exists: true } node)
        {
            Freezer.ThawAll(node);
        }
    }

    /// <summary>Signals all processes, also those that are being made meanwhile. SIGKILL ends them, frozen or not.</summary>
    public void KillAll(Signal signal) => new CgroupKill(ProcessesNode, FreezerNode, Unified).Send(signal);

    /// <summary>Takes the groups away, and the groups in them. Waits for processes that are dying.</summary>
    /// <exception cref="CgroupException">Processes are still in there after ten seconds. What could be taken away is gone.</exception>
    public void Remove()
    {
        // Version 2 first: beside version 1 it is the one that tells when the last process, which is in all of them, has left.
        CgroupException? first = null;
        foreach (CgroupNode node in _nodes.OrderByDescending(node => node.IsUnified))
        {
            try
            {
                CgroupRemoval.Remove(node);
            }
            catch (CgroupException failure)
            {
                first ??= failure;
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>The same, and ends whoever is in them.</summary>
    /// <exception cref="CgroupException">As for <see cref="Remove"/>.</exception>
    public void RemoveWithProcesses()
    {
        bool areGone = true;
        foreach (CgroupNode node in _nodes.OrderByDescending(node => node.IsUnified))
        {
            areGone &= CgroupRemoval.TryRemoveEmpty(node);
        }

        if (!areGone)
        {
            KillAll(Signal.SIGKILL);
            Remove();
        }
    }

    /// <summary>How many processes were killed because the memory was used up; 0 where nobody counts.</summary>
    public long OomKills() => Find("memory") is { Exists: true } node ? OomKillsBelow(node) : Unified?.TryReadKey("memory.events", "oom_kill") ?? 0;

    // Version 1 counts for each group the processes that were in it, whichever group's limit it was.
    private static long OomKillsBelow(CgroupNode node)
    {
        long kills = CountIn(node);
        CgroupWalk.Below(node.Directory, enter: directory =>
        {
            using CgroupNode inner = CgroupNode.Take(Files.OpenAt(directory, ".", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY), node.Path, node.Controllers);
            kills += CountIn(inner);
        });
        return kills;

        static long CountIn(CgroupNode group) => group.TryReadKey("memory.oom_control", "oom_kill") ?? 0;
    }

    /// <summary>What the container uses, now.</summary>
    public CgroupStats ReadStats() => _nodes is [{ IsUnified: true } only] ? new StatsV2(only).Read() : new StatsV1(Find).Read();

    /// <summary>To be told when the memory has run out; null where nobody counts it.</summary>
    public OomWatch? WatchOom() => (Find("memory") ?? Unified) is { Exists: true } node ? OomWatch.TryOpen(node) : null;

    /// <summary>Closes the descriptors of the groups; the groups stay.</summary>
    public void Dispose()
    {
        foreach (CgroupNode node in _nodes)
        {
            node.Dispose();
        }
    }

    // Every tree has the processes. One with a controller that nobody borrows to move single processes elsewhere.
    private CgroupNode? ProcessesNode => Find("pids") ?? Find("devices") ?? Unified ?? (_nodes.IsEmpty ? null : _nodes[0]);

    private CgroupNode? Find(string controller)
    {
        foreach (CgroupNode node in _nodes)
        {
            if (node.Controllers.Contains(controller))
            {
                return node;
            }
        }

        return null;
    }

    private static CgroupException NoFreezer() => new("this machine mounts no 'freezer' controller and no cgroup v2: containers cannot be paused");
}
