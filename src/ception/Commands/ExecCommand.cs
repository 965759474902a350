using System.Globalization;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception exec</c>.</summary>
internal static class ExecCommand
{
    private static readonly Flag ConsoleSocket = BundleFlags.ConsoleSocket with { Help = "unix socket that is sent the master of the process's terminal" };
    private static readonly Flag PidfdSocket = BundleFlags.PidfdSocket with { Help = "unix socket that is sent a pidfd of the process" };
    private static readonly Flag Cwd = Flag.Text("cwd", "working directory in the container");
    private static readonly Flag Env = Flag.Texts("env", "e", "NAME=value, added to the container's environment");
    private static readonly Flag Tty = Flag.Switch("tty", "t", "give it a terminal");
    private static readonly Flag User = Flag.Text("user", "u", "numbers: uid or uid:gid");
    private static readonly Flag Groups = Flag.Texts("additional-gids", "g", "number of a further group");
    private static readonly Flag Process = Flag.Path("process", "p", "file with a process document, instead of a command");
    private static readonly Flag Detach = Flag.Switch("detach", "d", "return once the process runs");
    private static readonly Flag Label = Flag.Text("process-label", "SELinux label of the process");
    private static readonly Flag Apparmor = Flag.Text("apparmor", "AppArmor profile of the process");
    private static readonly Flag NoNewPrivileges = Flag.Switch("no-new-privs", "let nothing that it executes gain privileges");
    private static readonly Flag Capability = Flag.Texts("cap", "c", "capability to add to the bounding, effective and permitted sets");
    private static readonly Flag Cgroup = Flag.Texts("cgroup", "cgroup below the container's to run in: [controller,...:]path");
    private static readonly Flag IgnorePaused = Flag.Switch("ignore-paused", "also in a paused container, where it waits");

    public static Verb Verb { get; } = new("exec", "run a further process in a container")
    {
        Arguments = "<container-id> <command> [arguments] | -p process.json <container-id>",
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.First,
        Description = ["Exits as the process does, with 128 + the signal's number if a signal killed it, and with 255 if there was nothing to run."],
        Examples = ["ception exec c1 ps", "ception exec --tty --env TERM=xterm c1 sh"],
        Flags =
        [
            ConsoleSocket, PidfdSocket, Cwd, Env, Tty, User, Groups, Process, Detach, BundleFlags.PidFile, Label,
            Apparmor, NoNewPrivileges, Capability, BundleFlags.PreserveFds, Cgroup, IgnorePaused,
        ],
        FailurePrefix = "exec failed: ",
        FailureCode = ExitCode.ExecFailed,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        ParsedFlags flags = call.Flags;
        return call.OpenRuntime().Exec(new ExecRequest
        {
            Id = call.Id,
            ProcessFile = flags.Text(Process),
            Args = [.. flags.Arguments.Skip(1)],
            Cwd = flags.Text(Cwd),
            Env = [.. flags.Texts(Env)],
            Tty = flags.Is(Tty),
            User = flags.Text(User),
            AdditionalGids = [.. flags.Texts(Groups).Select(Gid)],
            Capabilities = [.. flags.Texts(Capability)],
            NoNewPrivileges = flags.Has(NoNewPrivileges) ? flags.Is(NoNewPrivileges) : null,
            ProcessLabel = flags.Text(Label),
            AppArmor = flags.Text(Apparmor),
            Detach = flags.Is(Detach),
            PidFile = flags.Text(BundleFlags.PidFile),
            ConsoleSocket = flags.Text(ConsoleSocket),
            PidfdSocket = flags.Text(PidfdSocket),
            PreserveFds = flags.Number(BundleFlags.PreserveFds),
            IgnorePaused = flags.Is(IgnorePaused),
            Cgroups = [.. flags.Texts(Cgroup)],
        });
    }

    private static uint Gid(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint gid)
        ? gid
        : throw new ContainerException(FailureKind.Invalid, $"--additional-gids must be a number from 0 to {uint.MaxValue}, not \"{text}\"");
}
