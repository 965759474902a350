namespace Containerception.Cgroups;

/// <summary>Where a container's groups are: <c>linux.cgroupsPath</c> made into a path below each mount point.</summary>
internal static class CgroupPath
{
    private const string Prefix = "ception-";

    /// <summary>
    /// An absolute path counts from the mount points. A relative one, and without any <c>ception-ID</c>, is put below the caller's own group in
    /// version 1, so that a container in a container stays within its limits; in version 2 beside it, because there a group that holds
    /// processes cannot hand controllers on.
    /// </summary>
    /// <returns>Names joined by slashes, relative to the mount point.</returns>
    public static string Resolve(CgroupHierarchy hierarchy, string? cgroupsPath, string id, Lazy<OwnCgroups> own)
    {
        string path = string.IsNullOrEmpty(cgroupsPath) ? Prefix + id : cgroupsPath;
        if (path.StartsWith('/'))
        {
            return Clean(path);
        }

        string start = own.Value.PathBelow(hierarchy);
        if (hierarchy.IsUnified && start.Length > 0)
        {
            start = start[..start.LastIndexOf('/')];
        }

        return Clean(start + "/" + Clean(path));
    }

    /// <summary>No empty names, no "." and no way up: "a/../../b" is "b", as in a root directory.</summary>
    public static string Clean(string path)
    {
        List<string> names = [];
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == "..")
            {
                if (names.Count > 0)
                {
                    names.RemoveAt(names.Count - 1);
                }
            }
            else if (name != ".")
            {
                names.Add(name);
            }
        }

        return string.Join('/', names);
    }
}
