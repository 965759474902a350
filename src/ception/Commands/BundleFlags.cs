using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>The flags that <c>create</c> and <c>run</c> share.</summary>
internal static class BundleFlags
{
    public static readonly Flag Bundle = Flag.Path("bundle", "b", "directory of config.json, by default the working directory");

    public static readonly Flag Config = Flag.Path("config", "f", "file of the configuration, in the bundle or absolute") with { Default = "config.json" };

    public static readonly Flag ConsoleSocket = Flag.Path("console-socket", "unix socket that is sent the master of the container's terminal");

    public static readonly Flag PidfdSocket = Flag.Path("pidfd-socket", "unix socket that is sent a pidfd of the container's first process");

    public static readonly Flag PidFile = Flag.Path("pid-file", "file that the process id is written to");

    public static readonly Flag NoPivot = Flag.Switch("no-pivot", "do not use pivot_root(2): for a root file system on a ramdisk");

    public static readonly Flag NoNewKeyring = Flag.Switch("no-new-keyring", "keep the caller's session keyring");

    public static readonly Flag PreserveFds = Flag.Number("preserve-fds", "pass on this many descriptors after standard error");

    /// <summary>What a service manager leaves in the environment: sd_notify(3).</summary>
    public static string? NotifySocketOf() => Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } socket ? socket : null;

    public static CreateRequest ToRequest(Invocation call) => new()
    {
        Id = call.Id,
        Bundle = call.Flags.Text(Bundle) is { Length: > 0 } bundle ? bundle : ".",
        ConfigFile = call.Flags.Text(Config)!,
        ConsoleSocket = call.Flags.Text(ConsoleSocket),
        PidfdSocket = call.Flags.Text(PidfdSocket),
        PidFile = call.Flags.Text(PidFile),
        NoPivot = call.Flags.Is(NoPivot),
        NoNewKeyring = call.Flags.Is(NoNewKeyring),
        PreserveFds = call.Flags.Number(PreserveFds),
        NotifySocket = NotifySocketOf(),
        CgroupManager = GlobalFlags.CgroupManagerOf(call.Global),
        Rootless = GlobalFlags.RootlessOf(call.Global),
    };
}
