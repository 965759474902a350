namespace Containerception.Oci;

/// <summary>config.json's <c>process</c>.</summary>
internal static class ProcessWriter
{
    public static void Write(ConfigWriter json, ProcessConfig process)
    {
        json.Flag("terminal", process.Terminal);
        json.Object("consoleSize", process.ConsoleSize, WriteConsoleSize);
        json.Object("user", process.User, WriteUser);
        json.Texts("args", process.Args);
        json.Texts("env", process.Env);
        json.Text("cwd", process.Cwd);
        json.Object("capabilities", process.Capabilities, WriteCapabilities);
        json.Objects("rlimits", process.Rlimits, WriteRlimit);
        json.Flag("noNewPrivileges", process.NoNewPrivileges);
        json.Text("apparmorProfile", process.ApparmorProfile);
        json.Number("oomScoreAdj", process.OomScoreAdj);
        json.Object("scheduler", process.Scheduler, WriteScheduler);
        json.Text("selinuxLabel", process.SelinuxLabel);
        json.Object("ioPriority", process.IoPriority, WriteIoPriority);
        json.Object("execCPUAffinity", process.ExecCpuAffinity, WriteAffinity);
    }

    private static void WriteConsoleSize(ConfigWriter json, ConsoleSizeConfig size)
    {
        json.Number("height", size.Height);
        json.Number("width", size.Width);
    }

    private static void WriteUser(ConfigWriter json, UserConfig user)
    {
        json.Number("uid", user.Uid);
        json.Number("gid", user.Gid);
        json.Number("umask", user.Umask);
        json.Numbers("additionalGids", user.AdditionalGids);
    }

    private static void WriteCapabilities(ConfigWriter json, CapabilitiesConfig capabilities)
    {
        json.Texts("bounding", capabilities.Bounding);
        json.Texts("effective", capabilities.Effective);
        json.Texts("inheritable", capabilities.Inheritable);
        json.Texts("permitted", capabilities.Permitted);
        json.Texts("ambient", capabilities.Ambient);
    }

    private static void WriteRlimit(ConfigWriter json, RlimitConfig rlimit)
    {
        json.Text("type", rlimit.Type);
        json.Number("hard", rlimit.Hard);
        json.Number("soft", rlimit.Soft);
    }

    private static void WriteScheduler(ConfigWriter json, SchedulerConfig scheduler)
    {
        json.Text("policy", scheduler.Policy);
        json.Number("nice", scheduler.Nice);
        json.Number("priority", scheduler.Priority);
        json.Texts("flags", scheduler.Flags);
        json.Number("runtime", scheduler.Runtime);
        json.Number("deadline", scheduler.Deadline);
        json.Number("period", scheduler.Period);
    }

    private static void WriteIoPriority(ConfigWriter json, IoPriorityConfig priority)
    {
        json.Text("class", priority.Class);
        json.Number("priority", priority.Priority);
    }

    private static void WriteAffinity(ConfigWriter json, ExecCpuAffinityConfig affinity)
    {
        json.Text("initial", affinity.Initial);
        json.Text("final", affinity.Final);
    }
}
