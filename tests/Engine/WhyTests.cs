namespace Containerception.Engine.Tests;

/// <summary>Why a container ended is told, as far as it is known.</summary>
public sealed class WhyTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void An_exit_code_and_the_last_words()
    {
        _cdock.Do("run", "--name", "sad", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo farewell; exit 5");
        string told = _cdock.Ok("why", "sad");
        Assert.Contains("ended by itself", told, StringComparison.Ordinal);
        Assert.Contains("exit code 5", told, StringComparison.Ordinal);
        Assert.EndsWith("Its last words:\n  farewell", told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lack_of_memory_with_the_cgroup_s_own_count()
    {
        _cdock.Do("run", "--name", "greedy", "-m", "16m", "--memory-swap", "16m", "--runtime", Cdock.Runtime, "host", "tail", "/dev/zero");
        string told = _cdock.Ok("why", "greedy");
        Assert.Contains("killed by SIGKILL", told, StringComparison.Ordinal);
        Assert.Contains("the kernel killed 1 of its processes for lack of memory, as its cgroup counted (limit 16777216 bytes)", told, StringComparison.Ordinal);
        Assert.Matches("Exited \\(137\\) .* ago \\(out of memory\\)", _cdock.Ok("ps", "-a"));
        Assert.Equal("true 1 SIGKILL", _cdock.Ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.OOMKills}} {{.State.Signal}}", "greedy"));
    }

    [Fact]
    public void A_call_that_a_filter_kills_for_is_named_where_the_kernels_log_has_it()
    {
        // With an auditd its records go there, and a restricted log is not ours: then it is said where to look.
        bool isLogged = File.Exists("/dev/kmsg") && !File.Exists("/run/auditd.pid") && File.ReadAllText("/proc/sys/kernel/seccomp/actions_logged").Contains("kill_process", StringComparison.Ordinal);
        string profile = Path.Join(_cdock.Root, "kill.json");
        File.WriteAllText(profile, """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"}]}""");
        _cdock.Do("run", "--name", "banned", "--security-opt", $"seccomp={profile}", "--runtime", Cdock.Runtime, "host", "mkdir", "/tmp/x");
        string told = _cdock.Ok("why", "banned");
        Assert.Contains("killed by SIGSYS", told, StringComparison.Ordinal);
        Assert.Contains("seccomp filter", told, StringComparison.Ordinal);
        Assert.Matches(isLogged ? "Reason: seccomp refused the system call mkdir(at)? \\([0-9]+\\)\\." : "only the kernel's audit log says", told);
        Assert.Contains(" (seccomp)", _cdock.Ok("ps", "-a"), StringComparison.Ordinal);
        Assert.Matches(isLogged ? "^SIGSYS seccomp refused the system call mkdir" : "^SIGSYS $", _cdock.Ok("inspect", "-f", "{{.State.Signal}} {{.State.Error}}", "banned"));
    }

    [Fact]
    public void One_that_runs_or_never_ran_is_said_to()
    {
        _cdock.Detached("alive", "sleep 100");
        Assert.Contains("It runs, since", _cdock.Ok("why", "alive"), StringComparison.Ordinal);
        _cdock.Ok("create", "--name", "unborn", "--runtime", Cdock.Runtime, "host", "true");
        Assert.Contains("It was never started.", _cdock.Ok("why", "unborn"), StringComparison.Ordinal);
        Assert.Equal(1, _cdock.Do("why", "nobody").ExitCode);
    }

    public void Dispose() => _cdock.Dispose();
}
