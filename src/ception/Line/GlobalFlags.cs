using Containerception.Linux;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>The flags before the verb.</summary>
internal static class GlobalFlags
{
    public const string RootDefault = "/run/ception";

    public static readonly Flag Root = Flag.Path("root", "directory of the containers' state, in a tmpfs") with { Default = RootDefault };

    public static readonly Flag Log = Flag.Path("log", "file that the log is appended to (default: standard error)");

    public static readonly Flag LogLevel = Flag.Text("log-level", "what is logged: debug is --debug, error leaves warnings out") with
    {
        Default = "info",
        Choices = ["debug", "info", "warning", "error"],
    };

    public static readonly Flag LogFormat = Flag.Text("log-format", "format of the log: text, json, or explain for readers") with
    {
        Default = "text",
        Choices = ["text", "json", "explain"],
    };

    public static readonly Flag LogOnly = Flag.Switch(
        "log-only", "tell failures in the file of --log alone, not on standard error as well: the caller tells them");

    public static readonly Flag Debug = Flag.Switch("debug", "log every step of a container's making");

    public static readonly Flag SystemdCgroup = Flag.Switch(
        "systemd-cgroup", "have systemd make the cgroups; cgroupsPath is slice:prefix:name, for example system.slice:ception:434234");

    public static readonly Flag CgroupManager = Flag.Text("cgroup-manager", "what makes the cgroups: cgroupfs, systemd or disabled") with
    {
        Default = "cgroupfs",
        Choices = ["cgroupfs", "systemd", "disabled"],
    };

    public static readonly Flag Rootless = Flag.Text("rootless", "ignore that cgroups may not be written, and use the user's own systemd: true, false or auto") with
    {
        Default = "auto",
        Choices = ["true", "false", "auto"],
    };

    public static readonly Flag Version = Flag.Switch("version", "v", "print the version");

    public static readonly Flag[] All =
        [Debug, Log, LogLevel, LogFormat, LogOnly, Root, SystemdCgroup, CgroupManager, Rootless, Flag.HelpFlag, Version];

    /// <summary>The file of <c>--log</c>, which crun's callers write as <c>file:PATH</c>; null for standard error.</summary>
    public static string? LogFileOf(ParsedFlags flags)
    {
        string log = flags.Text(Log) ?? "";
        foreach (string other in (ReadOnlySpan<string>)["journald:", "syslog:"])
        {
            if (log.StartsWith(other, StringComparison.Ordinal))
            {
                throw new ContainerException(FailureKind.Unsupported, $"--log {other} is not supported", "give a file, or leave it to who reads standard error");
            }
        }

        const string file = "file:";
        log = log.StartsWith(file, StringComparison.Ordinal) ? log[file.Length..] : log;
        return log.Length > 0 ? log : null;
    }

    /// <summary>The state directory that was asked for, absolute.</summary>
    public static string RootOf(ParsedFlags flags)
    {
        string root = System.IO.Path.GetFullPath(flags.Texts(Root) is [.., { Length: > 0 } given] ? given : DefaultRoot());
        return root == "/"
            ? throw new ContainerException(FailureKind.Invalid, "Option --root argument should not be set to /")
            : root;
    }

    public static CgroupManager CgroupManagerOf(ParsedFlags flags) => flags.Text(CgroupManager) switch
    {
        "cgroupfs" => flags.Is(SystemdCgroup) ? Runtime.CgroupManager.Systemd : Runtime.CgroupManager.Cgroupfs,
        "systemd" => Runtime.CgroupManager.Systemd,
        "disabled" => Runtime.CgroupManager.Disabled,
        string other => throw Unknown(CgroupManager, other),
        null => Runtime.CgroupManager.Cgroupfs,
    };

    /// <summary>null for "auto".</summary>
    public static bool? RootlessOf(ParsedFlags flags) => flags.Text(Rootless) switch
    {
        "auto" or null => null,
        "true" => true,
        "false" => false,
        string other => throw Unknown(Rootless, other),
    };

    /// <summary>Refuses a word that a flag does not know, also where the verb does not need the flag.</summary>
    public static void Check(ParsedFlags flags)
    {
        foreach (Flag flag in All)
        {
            if (flag.Choices is not null && flags.Text(flag) is { } word && !flag.Choices.Contains(word))
            {
                throw Unknown(flag, word);
            }
        }
    }

    private static ContainerException Unknown(Flag flag, string word)
        => new(FailureKind.Invalid, $"invalid {flag.Name}: {word}", $"one of {string.Join(", ", flag.Choices!)}");

    /// <summary>As runc: who is root only of a user namespace of his own, as rootless Podman makes one, has his directory and not the machine's.</summary>
    private static string DefaultRoot()
        => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } directory && !IsRoot()
            ? System.IO.Path.Join(directory, Program.Name)
            : RootDefault;

    private static bool IsRoot()
        => Environment.IsPrivilegedProcess && (Environment.GetEnvironmentVariable("USER") == "root" || Namespaces.IsInitialUser);
}
