namespace Containerception.Cdock;

/// <summary>What is told of the machine.</summary>
internal static class Machine
{
    public static string Kernel() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    public static string System()
    {
        const string Name = "PRETTY_NAME=";
        string? line = File.Exists("/etc/os-release") ? File.ReadLines("/etc/os-release").FirstOrDefault(one => one.StartsWith(Name, StringComparison.Ordinal)) : null;
        return line is null ? "Linux" : line[Name.Length..].Trim('"');
    }

    /// <summary>2 where the kernel's controllers are in the one hierarchy.</summary>
    public static int CgroupVersion() => File.Exists("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1;
}
