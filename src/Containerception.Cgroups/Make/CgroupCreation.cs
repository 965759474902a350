using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>Makes a container's groups: a directory in every tree, with all limits in it before any process is.</summary>
internal sealed class CgroupCreation(CgroupLayout layout)
{
    public const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    internal const string ReadOnlyHint = "the control groups are mounted read-only here: a container has to be given them writable to make containers in it";

    private readonly List<CgroupNode> _nodes = [];

    // What to take away again when a later step fails, newest last.
    private readonly List<string> _made = [];

    public ImmutableArray<CgroupNode> Create(string? cgroupsPath, string id, LinuxResources? resources)
    {
        Lazy<OwnCgroups> own = new(OwnCgroups.Read, isThreadSafe: false);
        return Make(hierarchy => CgroupPath.Resolve(hierarchy, cgroupsPath, id, own), resources ?? new(), mayBeUsed: false);
    }

    /// <summary>The same with groups that somebody else has made, who may have put processes in; where a tree lacks the group it is made.</summary>
    public ImmutableArray<CgroupNode> Adopt(string path, LinuxResources? resources) => Make(_ => CgroupPath.Clean(path), resources ?? new(), mayBeUsed: true);

    private ImmutableArray<CgroupNode> Make(Func<CgroupHierarchy, string> pathIn, LinuxResources resources, bool mayBeUsed)
    {
        bool unified = layout.Mode == CgroupMode.Unified;
        List<CgroupWrite> plan = CgroupLimits.Compile(layout, resources);
        BpfInstruction[] devices = unified ? DeviceProgram.Compile(resources.Devices) : [];
        try
        {
            foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
            {
                MakeNode(hierarchy, pathIn(hierarchy), plan, mayBeUsed);
            }

            CgroupLimits limits = new(layout.Mode, _nodes);
            limits.CheckUsage(resources.Memory);
            limits.Play(plan);
            limits.AttachDevices(devices);
            return [.. _nodes];
        }
        catch
        {
            TakeBack();
            throw;
        }
    }

    private void MakeNode(CgroupHierarchy hierarchy, string relative, List<CgroupWrite> plan, bool mayBeUsed)
    {
        CgroupNode node = new(hierarchy.MountPoint, hierarchy.Controllers);
        bool isNew = false;
        string[] names = relative.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (layout.Mode == CgroupMode.Unified && names.Length > 0)
        {
            MakeRoom(node);
        }

        for (int index = 0; index < names.Length; index++)
        {
            using CgroupNode parent = node;
            if (layout.Mode == CgroupMode.Unified)
            {
                Controllers.Enable(parent, plan);
            }

            isNew = MakeDirectory(parent, names[index]);
            node = parent.Child(names[index]);
            if (hierarchy.Controllers.Contains("cpuset"))
            {
                Cpuset.Inherit(parent, node, index == names.Length - 1 ? plan : []);
            }
        }

        _nodes.Add(node);
        if (!isNew && !mayBeUsed)
        {
            RefuseUsed(node);
        }
    }

    // In a container the topmost group that is seen is no root to the kernel: while it has processes it hands no controller on (cgroups(7), "no
    // internal processes"), and whoever makes containers there moves them to a group below first, as systemd does.
    private static void MakeRoom(CgroupNode top)
    {
        const string leaf = "leaf";
        const int roundsMax = 100;
        if (top.TryRead("cgroup.type") is null || (top.TryRead("cgroup.controllers") ?? "").AsSpan().Trim().IsEmpty
            || !(top.TryRead("cgroup.subtree_control") ?? "").AsSpan().Trim().IsEmpty)
        {
            return;
        }

        SortedSet<int> pids = [];
        for (int round = 0; round < roundsMax; round++)
        {
            // Zero is who is outside, and cannot be moved from here.
            pids.Clear();
            top.AddProcesses(pids);
            pids.Remove(0);
            if (pids.Count == 0)
            {
                return;
            }

            if (!TryMove(pids, top, leaf))
            {
                // It is not ours to divide: whoever makes a group in it now is told so.
                return;
            }
        }
    }

    private static bool TryMove(IEnumerable<int> pids, CgroupNode top, string leaf)
    {
        try
        {
            Files.TryMkdirAt(top.Directory, leaf, DirectoryMode);
            using CgroupNode below = top.Child(leaf);
            foreach (int pid in pids)
            {
                Move(pid, below);
            }

            return true;
        }
        catch (LinuxException refused) when (refused.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM or Errno.EBUSY)
        {
            return false;
        }
    }

    private static void Move(int pid, CgroupNode to)
    {
        try
        {
            to.Write("cgroup.procs", pid.ToString(provider: null));
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ESRCH)
        {
        }
    }

    private bool MakeDirectory(CgroupNode parent, string name)
    {
        try
        {
            bool isNew = Files.TryMkdirAt(parent.Directory, name, DirectoryMode);
            if (isNew)
            {
                _made.Add(parent.Path + "/" + name);
            }

            return isNew;
        }
        catch (LinuxException failure)
        {
            throw new CgroupException($"cgroup {parent.Path}/{name} cannot be made: {failure.Message}", Hint(failure.Errno), failure);
        }
    }

    // A group that is there may be somebody else's: what runs in it would share the container's limits and be killed with it, and in a frozen
    // one the container would never start. runc refuses both since 1.1.
    internal static void RefuseUsed(CgroupNode node)
    {
        SortedSet<int> pids = [];
        node.AddAllProcesses(pids);
        if (pids.Count > 0)
        {
            throw new CgroupException($"container's cgroup is not empty: {pids.Count} process(es) found in {node.Path}",
                "choose another linux.cgroupsPath, or end what runs there");
        }

        if (Freezer.IsFrozen(node))
        {
            throw new CgroupException($"container's cgroup unexpectedly frozen: {node.Path}");
        }
    }

    private void TakeBack()
    {
        foreach (CgroupNode node in _nodes)
        {
            node.Dispose();
        }

        for (int index = _made.Count - 1; index >= 0; index--)
        {
            try
            {
                Files.TryUnlinkAt(Descriptor.WorkingDirectory, _made[index], AtFlags.AT_REMOVEDIR);
            }
            catch (LinuxException)
            {
                // A parent that somebody else has begun to use is theirs now. The failure that brought us here is the one to tell.
            }
        }
    }

    private static string? Hint(Errno errno) => errno switch
    {
        Errno.EROFS => ReadOnlyHint,
        Errno.EACCES or Errno.EPERM => "only root, or who was handed the group, can make groups in it",
        Errno.EAGAIN => "too many control groups; see cgroup.max.descendants and cgroup.max.depth",
        _ => null,
    };
}
