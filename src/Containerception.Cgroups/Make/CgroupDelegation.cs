using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>Hands a group to a user: cgroups(7), "Cgroups delegation".</summary>
internal static class CgroupDelegation
{
    private const string List = "/sys/kernel/cgroup/delegate";
    private const int BytesMax = 4096;

    // cgroups(7) names these, for kernels that do not list them.
    private static ReadOnlySpan<string> Always => (string[])["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];

    // Not release_agent, cgroup.event_control and what controllers have: he needs none of it to make groups of his own, where all is his.
    private static ReadOnlySpan<string> Version1 => (string[])["tasks", "cgroup.procs", "cgroup.clone_children"];

    /// <summary>A group in the group, which is the user's.</summary>
    public static CgroupNode Divide(CgroupNode node, string name, uint uid)
    {
        if (node.IsUnified)
        {
            Controllers.Enable(node, []);
        }

        Files.TryMkdirAt(node.Directory, name, CgroupCreation.DirectoryMode);
        CgroupNode inner = node.Child(name);
        if (node.Controllers.Contains("cpuset"))
        {
            Cpuset.Inherit(node, inner, []);
        }

        Give(inner, uid);
        return inner;
    }

    public static void Give(CgroupNode node, uint uid)
    {
        Ownership.TryFchownAt(node.Directory, ".", uid, Ownership.Unchanged);
        foreach (string file in node.IsUnified ? Version2() : Version1)
        {
            Ownership.TryFchownAt(node.Directory, file, uid, Ownership.Unchanged);
        }
    }

    /// <summary>Not the limits: those are the parent's to set.</summary>
    private static ReadOnlySpan<string> Version2()
        => FileStatuses.TryStatx(Descriptor.WorkingDirectory, List, AtFlags.None) is null
            ? Always
            : FileContents.ReadText(Descriptor.WorkingDirectory, List, BytesMax).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
