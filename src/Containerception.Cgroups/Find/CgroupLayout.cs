using System.Collections.Immutable;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Which generation of control groups a machine mounts. cgroups(7).</summary>
public enum CgroupMode
{
    /// <summary>None is mounted.</summary>
    None,

    /// <summary>Version 2 alone: one tree with all controllers.</summary>
    Unified,

    /// <summary>Version 1: a tree for each controller, or for a few of them.</summary>
    Legacy,

    /// <summary>Version 1, and beside it a version 2 tree, as a rule without controllers.</summary>
    Hybrid,
}

/// <summary>One tree of control groups.</summary>
/// <param name="MountPoint">Where it is mounted: <c>/sys/fs/cgroup/memory</c>.</param>
/// <param name="MountRoot">The directory of the tree that the mount point shows: <c>/</c>, or less in a container.</param>
/// <param name="Controllers">
/// What it controls: <c>cpu</c>, <c>cpuacct</c>; <c>name=systemd</c> for a tree without controllers; the empty name alone for version 2.
/// </param>
public sealed record CgroupHierarchy(string MountPoint, string MountRoot, ImmutableArray<string> Controllers)
{
    internal const string UnifiedName = "";

    /// <summary>Version 2.</summary>
    public bool IsUnified => Controllers is [UnifiedName];

    /// <summary>The name for messages.</summary>
    public override string ToString() => IsUnified ? "cgroup2" : string.Join(',', Controllers);
}

/// <summary>How control groups are mounted on this machine, as this process sees it.</summary>
public sealed record CgroupLayout(CgroupMode Mode, ImmutableArray<CgroupHierarchy> Hierarchies)
{
    private const string MountPoint = "/sys/fs/cgroup";

    /// <summary>Looks. One statfs on a machine with version 2; elsewhere the mount table is read once.</summary>
    /// <exception cref="LinuxException">/proc is not readable.</exception>
    public static CgroupLayout Detect()
    {
        if (IsVersion2(MountPoint))
        {
            return new(CgroupMode.Unified, [new(MountPoint, "/", [CgroupHierarchy.UnifiedName])]);
        }

        return From(CgroupMounts.Read());
    }

    /// <summary>The tree of a version 1 controller, or of version 2 by the empty name; null where there is none.</summary>
    public CgroupHierarchy? Find(string controller)
    {
        foreach (CgroupHierarchy hierarchy in Hierarchies)
        {
            if (hierarchy.Controllers.Contains(controller))
            {
                return hierarchy;
            }
        }

        return null;
    }

    internal static CgroupLayout From(ImmutableArray<CgroupHierarchy> hierarchies)
    {
        bool legacy = false;
        bool unified = false;
        foreach (CgroupHierarchy hierarchy in hierarchies)
        {
            legacy |= !hierarchy.IsUnified;
            unified |= hierarchy.IsUnified;
        }

        CgroupMode mode = (legacy, unified) switch
        {
            (true, true) => CgroupMode.Hybrid,
            (true, false) => CgroupMode.Legacy,
            (false, true) => CgroupMode.Unified,
            (false, false) => CgroupMode.None,
        };
        return new(mode, hierarchies);
    }

    private static bool IsVersion2(string path)
    {
        using SafeFileHandle? directory = Files.TryOpenAt2(
            Descriptor.WorkingDirectory, path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, ResolveFlags.None);
        return directory is not null && FileSystems.Fstatfs(directory).Type == FileSystemMagic.CGROUP2_SUPER_MAGIC;
    }
}
