namespace Containerception.Conformance.Tests;

/// <summary>The control group files of a running container, by <c>controller/file</c>, on a machine with cgroup v1.</summary>
internal static class CgroupFiles
{
    public static string Read(int pid, string file) => File.ReadAllText($"{Group(pid, file.Split('/')[0])}/{file.Split('/')[1]}").Trim();

    /// <summary>The group's directory.</summary>
    public static string Group(int pid, string controller)
    {
        string line = File.ReadAllLines($"/proc/{pid}/cgroup").First(line => line.Split(':')[1].Split(',').Contains(controller));
        return $"/sys/fs/cgroup/{controller}{line.Split(':', 3)[2]}";
    }

    /// <summary>Where a test's containers begin: the top of each hierarchy, and the group in it that this process is in.</summary>
    public static HashSet<string> Beginnings()
    {
        HashSet<string> groups = [];
        foreach (string[] line in File.ReadAllLines("/proc/self/cgroup").Select(line => line.Split(':', 3)))
        {
            string name = line[1].Length == 0 ? "unified" : line[1].Replace("name=", "", StringComparison.Ordinal);
            string top = Directory.Exists("/sys/fs/cgroup/" + name) ? "/sys/fs/cgroup/" + name : "/sys/fs/cgroup";
            groups.Add(top);
            groups.Add(top + line[2].TrimEnd('/'));
        }

        return groups;
    }
}
