namespace Containerception.Oci;

/// <summary>The form of <c>linux.cgroupsPath</c> that --systemd-cgroup asks for, <c>slice:prefix:name</c>.</summary>
/// <param name="Slice">The unit above: <c>system.slice</c>.</param>
/// <param name="Unit">The container's own: <c>cri-7.scope</c>.</param>
public sealed record SystemdCgroupsPath(string Slice, string Unit)
{
    private const string SliceSuffix = ".slice";

    /// <summary>
    /// Where systemd puts the unit, from the root of its tree: <c>system.slice:cri:7</c> is <c>/system.slice/cri-7.scope</c>, and
    /// <c>a-b.slice::7</c> is <c>/a.slice/a-b.slice/7.scope</c>: a dash in a slice's name is a level. systemd.slice(5).
    /// </summary>
    public string Path => $"{Expand(Slice)}/{Unit}";

    /// <summary>Reads it.</summary>
    /// <param name="cgroupsPath"><c>slice:prefix:name</c>; slice and prefix may be empty.</param>
    /// <param name="sliceDefault">The slice where none is given.</param>
    /// <exception cref="ConfigException">It has another form.</exception>
    public static SystemdCgroupsPath Parse(string cgroupsPath, string sliceDefault)
    {
        if (cgroupsPath.Split(':') is not [string slice, string prefix, { Length: > 0 } name] || cgroupsPath.Contains('/', StringComparison.Ordinal))
        {
            throw new ConfigException("linux.cgroupsPath", $"must be slice:prefix:name with --systemd-cgroup, not {Require.Quote(cgroupsPath)}");
        }

        // A slice is a node of systemd's tree, and processes are only in its leaves.
        Require.That(!name.EndsWith(SliceSuffix, StringComparison.Ordinal), "linux.cgroupsPath", $"a container runs in a scope, not in the slice {Require.Quote(name)}");
        SystemdCgroupsPath path = new(slice.Length == 0 ? sliceDefault : slice, prefix.Length == 0 ? $"{name}.scope" : $"{prefix}-{name}.scope");
        Expand(path.Slice);
        return path;
    }

    private static string Expand(string slice)
    {
        string name = slice.EndsWith(SliceSuffix, StringComparison.Ordinal) ? slice[..^SliceSuffix.Length] : "";
        if (name == "-")
        {
            return "";
        }

        string path = "";
        string prefix = "";
        foreach (string part in name.Split('-'))
        {
            Require.That(part.Length > 0, "linux.cgroupsPath", $"no such slice: {Require.Quote(slice)}");
            prefix = prefix.Length == 0 ? part : $"{prefix}-{part}";
            path += $"/{prefix}{SliceSuffix}";
        }

        return path;
    }
}
