using System.Globalization;
using Containerception.Probe;

// Runs as the process of a test container, and answers a question about what it finds there.
return args switch
{
    ["caps"] => Questions.Capabilities(),
    ["ids"] => Questions.Ids(),
    ["args", .. string[] rest] => Questions.Arguments(rest),
    ["env"] => Questions.Environment(),
    ["cwd"] => Answer.Line(Environment.CurrentDirectory),
    ["mounts"] => Questions.Mounts(),
    ["rlimits"] => Questions.Limits(),
    ["ns"] => Questions.Namespaces(),
    ["fds"] => Questions.Descriptors(),
    ["tty"] => Questions.Terminal(),
    ["sched"] => Questions.Scheduling(),
    ["umask"] => Questions.Umask(),
    ["hostname"] => Answer.Line(File.ReadAllText("/proc/sys/kernel/hostname").Trim()),
    ["domainname"] => Answer.Line(File.ReadAllText("/proc/sys/kernel/domainname").Trim()),
    ["seccomp"] => Answer.Line(Questions.Status("Seccomp")),
    ["nnp"] => Answer.Line(Questions.Status("NoNewPrivs")),
    ["status", string field] => Answer.Line(Questions.Status(field)),
    ["oom"] => Answer.Line(File.ReadAllText("/proc/self/oom_score_adj").Trim()),
    ["cgroup"] => Answer.Line(File.ReadAllText("/proc/self/cgroup").Trim()),
    ["read", string path] => Answer.Line(File.ReadAllText(path).Trim()),
    ["try-open", string path, string letters] => Deeds.TryOpen(path, letters),
    ["try-write", string path, string text] => Deeds.TryWrite(path, text),
    ["try-syscall", string name, .. string[] rest] => Deeds.TrySyscall(name, rest),
    ["datagram", string path, .. string[] lines] => Deeds.Datagram(path, lines),
    ["hog", string bytes] => Deeds.Hog(long.Parse(bytes, CultureInfo.InvariantCulture)),
    ["fork-bomb", string count] => Deeds.ForkBomb(int.Parse(count, CultureInfo.InvariantCulture)),
    ["spin", string milliseconds] => Deeds.Spin(int.Parse(milliseconds, CultureInfo.InvariantCulture)),
    ["sleep"] => Deeds.Sleep(),
    ["exit", string status] => int.Parse(status, CultureInfo.InvariantCulture),
    ["kill-self", string signal] => Deeds.KillSelf(int.Parse(signal, CultureInfo.InvariantCulture)),
    _ => Answer.Error($"probe: no such question: {string.Join(' ', args)}"),
};
