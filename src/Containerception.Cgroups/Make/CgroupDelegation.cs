using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>Hands a group of version 2 to a user: cgroups(7), "Cgroups delegation".</summary>
internal static class CgroupDelegation
{
    private const string List = "/sys/kernel/cgroup/delegate";
    private const int BytesMax = 4096;

    // cgroups(7) names these, for kernels that do not list them.
    private static ReadOnlySpan<string> Always => (string[])["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];

    public static void Give(CgroupNode node, uint uid)
    {
        Ownership.TryFchownAt(node.Directory, ".", uid, Ownership.Unchanged);
        foreach (string file in Files())
        {
            Ownership.TryFchownAt(node.Directory, file, uid, Ownership.Unchanged);
        }
    }

    /// <summary>Not the limits: those are the parent's to set.</summary>
    private static ReadOnlySpan<string> Files()
        => FileStatuses.TryStatx(Descriptor.WorkingDirectory, List, AtFlags.None) is null
            ? Always
            : FileContents.ReadText(Descriptor.WorkingDirectory, List, BytesMax).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
