namespace Containerception.Conformance.Tests;

/// <summary>What a test takes of its machine. A skip names what is lacking; in CI it is a failure.</summary>
internal static class Needs
{
    public static void Root() => Met(Environment.IsPrivilegedProcess, "root");

    public static void CgroupV1(string controller)
        => Met(Directory.Exists($"/sys/fs/cgroup/{controller}") && !File.Exists("/sys/fs/cgroup/cgroup.controllers"), $"a cgroup v1 hierarchy with {controller}");

    public static void Program(string path) => Met(File.Exists(path), path);

    /// <summary>A program that runs in any root file system.</summary>
    public static void StaticProgram(string path)
        => Met(File.Exists(path) && Command.Run("ldd", path).ToString() is var ldd && (ldd.Contains("static", StringComparison.Ordinal) || ldd.Contains("not a dynamic", StringComparison.Ordinal)), $"{path}, statically linked");

    private static void Met(bool condition, string what)
    {
        if (!condition && Environment.GetEnvironmentVariable("CONTAINERCEPTION_MUST_WORK") == "1")
        {
            Assert.Fail($"this machine was promised to have {what}");
        }

        Assert.SkipUnless(condition, $"needs {what}");
    }
}
