using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>Version 2's controllers: a group has those that its parent hands on, in cgroup.subtree_control.</summary>
internal static class Controllers
{
    /// <summary>
    /// Hands on all controllers that the group has: for limits, and so that a later update finds them. What a limit needs and cannot be handed
    /// on is an error; the rest is not.
    /// </summary>
    public static void Enable(CgroupNode node, List<CgroupWrite> plan)
    {
        string[] available = Words(node.Read("cgroup.controllers"));
        string[] enabled = Words(node.Read("cgroup.subtree_control"));
        List<string> missing = [];
        foreach (string controller in available)
        {
            if (Array.IndexOf(enabled, controller) < 0)
            {
                missing.Add(controller);
            }
        }

        if (missing.Count == 0 || TryWrite(node, "+" + string.Join(" +", missing)) is null)
        {
            return;
        }

        // One that cannot be handed on fails them all.
        foreach (string controller in missing)
        {
            if (TryWrite(node, "+" + controller) is { } failure && plan.Find(write => write.Controller == controller) is { } needed)
            {
                throw new CgroupException($"{Validation.Root}.{needed.Limit} needs the controller \"{controller}\" in {node.Path}: {failure.Message}",
                    Hint(failure.Errno), failure);
            }
        }
    }

    private static LinuxException? TryWrite(CgroupNode node, string value)
    {
        try
        {
            node.Write("cgroup.subtree_control", value);
            return null;
        }
        catch (LinuxException failure)
        {
            return failure;
        }
    }

    private static string? Hint(Errno errno) => errno switch
    {
        // cgroups(7), "no internal processes".
        Errno.EBUSY => "a group that has processes of its own cannot hand controllers on: move them into a group below it",
        Errno.EROFS => CgroupCreation.ReadOnlyHint,
        _ => null,
    };

    private static string[] Words(string text) => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
