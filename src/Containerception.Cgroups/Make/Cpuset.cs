namespace Containerception.Cgroups;

/// <summary>Version 1's cpuset: a new group has no processor and no memory node, and nothing can enter it until somebody gives it some.</summary>
internal static class Cpuset
{
    /// <summary>Gives a group what its parent has, unless a limit says more, or it has something already.</summary>
    public static void Inherit(CgroupNode parent, CgroupNode node, IReadOnlyList<CgroupWrite> plan)
    {
        foreach (string file in (ReadOnlySpan<string>)["cpuset.cpus", "cpuset.mems"])
        {
            if (IsIn(plan, file) || node.Read(file).AsSpan().Trim().Length > 0)
            {
                continue;
            }

            node.Write(file, parent.Read(file).Trim());
        }
    }

    private static bool IsIn(IReadOnlyList<CgroupWrite> plan, string file)
    {
        foreach (CgroupWrite write in plan)
        {
            if (write.File == file)
            {
                return true;
            }
        }

        return false;
    }
}
