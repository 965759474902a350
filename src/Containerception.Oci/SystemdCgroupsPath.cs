namespace Containerception.Oci;

/// <summary>The form of <c>linux.cgroupsPath</c> that --systemd-cgroup asks for, <c>slice:prefix:name</c>, as the path where systemd puts that unit.</summary>
public static class SystemdCgroupsPath
{
    private const string Slice = ".slice";

    /// <summary>
    /// <c>system.slice:cri:7</c> is <c>/system.slice/cri-7.scope</c>, and <c>a-b.slice::7.slice</c> is
    /// <c>/a.slice/a-b.slice/7.slice</c>: a dash in a slice's name is a level. systemd.slice(5).
    /// </summary>
    /// <exception cref="ConfigException">It has another form.</exception>
    public static string ToPath(string cgroupsPath)
    {
        if (cgroupsPath.Split(':') is not [string slice, string prefix, { Length: > 0 } name] || cgroupsPath.Contains('/', StringComparison.Ordinal))
        {
            throw new ConfigException("linux.cgroupsPath", $"must be slice:prefix:name with --systemd-cgroup, not {Require.Quote(cgroupsPath)}");
        }

        string unit = name.EndsWith(Slice, StringComparison.Ordinal) ? name : prefix.Length == 0 ? $"{name}.scope" : $"{prefix}-{name}.scope";
        return $"{Expand(slice.Length == 0 ? "system.slice" : slice)}/{unit}";
    }

    private static string Expand(string slice)
    {
        string name = slice.EndsWith(Slice, StringComparison.Ordinal) ? slice[..^Slice.Length] : "";
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
            path += $"/{prefix}{Slice}";
        }

        return path;
    }
}
