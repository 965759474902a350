namespace Containerception.Cgroups.Tests;

/// <summary>What a test needs of the machine. A skip is honest on a laptop and a lie in CI, where nobody reads it.</summary>
internal static class Needs
{
    public static void Root() => Met(Environment.IsPrivilegedProcess, "root");

    public static CgroupLayout Version1(params string[] controllers)
    {
        Root();
        CgroupLayout layout = CgroupLayout.Detect();
        Met(layout.Mode is CgroupMode.Legacy or CgroupMode.Hybrid, "cgroup v1");
        foreach (string controller in controllers)
        {
            Met(layout.Find(controller) is not null, $"the v1 controller {controller}");
        }

        return layout;
    }

    public static void Met(bool condition, string what)
    {
        if (!condition && Environment.GetEnvironmentVariable("CONTAINERCEPTION_MUST_WORK") == "1")
        {
            Assert.Fail($"this machine was promised to have {what}");
        }

        Assert.SkipUnless(condition, $"needs {what}");
    }
}
