namespace Containerception.Tests;

/// <summary>What a test needs of the machine. A skip is honest on a laptop and a lie in CI, where nobody reads it.</summary>
internal static class Needs
{
    public static void Root() => Met(Environment.IsPrivilegedProcess, "root");

    public static void Kernel(int major, int minor) => Met(Environment.OSVersion.Version >= new Version(major, minor), $"Linux {major}.{minor}");

    /// <summary>A program on the PATH.</summary>
    public static void Program(string name)
        => Met((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, name))), name);

    /// <summary>A file or a directory: a device, a header, a switch of the kernel.</summary>
    public static void PathTo(string path) => Met(Path.Exists(path), path);

    /// <summary>A filesystem that the kernel knows.</summary>
    public static void FileSystem(string name)
        => Met(File.ReadLines("/proc/filesystems").Any(line => line.EndsWith($"\t{name}", StringComparison.Ordinal)), $"the filesystem {name}");

    /// <summary>A cgroup v1 hierarchy with this controller.</summary>
    public static void CgroupV1(string controller)
        => Met(File.Exists($"/sys/fs/cgroup/{controller}/tasks"), $"a cgroup v1 hierarchy with {controller}");

    /// <summary>Anything else, said so that it completes "needs ...".</summary>
    public static void Met(bool condition, string what)
    {
        if (!condition && Environment.GetEnvironmentVariable("CONTAINERCEPTION_MUST_WORK") == "1")
        {
            Assert.Fail($"this machine was promised to have {what}");
        }

        Assert.SkipUnless(condition, $"needs {what}");
    }
}
