namespace Containerception.Oci;

/// <summary>config.json's <c>process</c>, and the document of <c>exec --process</c>.</summary>
internal static class ProcessReader
{
    public static ProcessConfig Read(ConfigNode process) => new()
    {
        Terminal = process.Bool("terminal") ?? false,
        ConsoleSize = process.Object("consoleSize", ReadConsoleSize),
        User = process.Object("user", ReadUser) ?? new UserConfig(),
        Args = process.Texts("args"),
        Env = process.Texts("env"),
        Cwd = process.RequiredText("cwd"),
        Capabilities = process.Object("capabilities", ReadCapabilities),
        Rlimits = process.Objects("rlimits", ReadRlimit),
        NoNewPrivileges = process.Bool("noNewPrivileges") ?? false,
        ApparmorProfile = process.Text("apparmorProfile"),
        SelinuxLabel = process.Text("selinuxLabel"),
        OomScoreAdj = process.Int("oomScoreAdj"),
        Scheduler = process.Object("scheduler", ReadScheduler),
        IoPriority = process.Object("ioPriority", ReadIoPriority),
        ExecCpuAffinity = process.Object("execCPUAffinity", ReadExecCpuAffinity),
    };

    private static ConsoleSizeConfig ReadConsoleSize(ConfigNode size) => new()
    {
        Height = size.UInt("height") ?? 0,
        Width = size.UInt("width") ?? 0,
    };

    private static UserConfig ReadUser(ConfigNode user) => new()
    {
        Uid = user.UInt("uid") ?? 0,
        Gid = user.UInt("gid") ?? 0,
        Umask = user.UInt("umask"),
        AdditionalGids = user.UInts("additionalGids"),
    };

    private static CapabilitiesConfig ReadCapabilities(ConfigNode capabilities) => new()
    {
        Bounding = capabilities.Texts("bounding"),
        Effective = capabilities.Texts("effective"),
        Inheritable = capabilities.Texts("inheritable"),
        Permitted = capabilities.Texts("permitted"),
        Ambient = capabilities.Texts("ambient"),
    };

    private static RlimitConfig ReadRlimit(ConfigNode rlimit) => new()
    {
        Type = rlimit.RequiredText("type"),
        Hard = rlimit.ULong("hard") ?? 0,
        Soft = rlimit.ULong("soft") ?? 0,
    };

    private static SchedulerConfig ReadScheduler(ConfigNode scheduler) => new()
    {
        Policy = scheduler.RequiredText("policy"),
        Nice = scheduler.Int("nice") ?? 0,
        Priority = scheduler.Int("priority") ?? 0,
        Flags = scheduler.Texts("flags"),
        Runtime = scheduler.ULong("runtime") ?? 0,
        Deadline = scheduler.ULong("deadline") ?? 0,
        Period = scheduler.ULong("period") ?? 0,
    };

    private static IoPriorityConfig ReadIoPriority(ConfigNode priority) => new()
    {
        Class = priority.RequiredText("class"),
        Priority = priority.Int("priority") ?? 0,
    };

    private static ExecCpuAffinityConfig ReadExecCpuAffinity(ConfigNode affinity) => new()
    {
        Initial = affinity.Text("initial"),
        Final = affinity.Text("final"),
    };
}
