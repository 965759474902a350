using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>process.scheduler, process.ioPriority, process.execCPUAffinity and linux.personality, as util-linux sees them from outside.</summary>
public sealed class SchedulingTests : ContainerTest
{
    [Theory]
    [InlineData("""{"policy": "SCHED_OTHER", "nice": 5}""", "SCHED_OTHER", 5)]
    [InlineData("""{"policy": "SCHED_BATCH", "nice": 7}""", "SCHED_BATCH", 7)]
    [InlineData("""{"policy": "SCHED_IDLE"}""", "SCHED_IDLE", 0)]
    [InlineData("""{"policy": "SCHED_OTHER", "nice": -7, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}""", "SCHED_OTHER|SCHED_RESET_ON_FORK", -7)]
    public void The_policy_is_the_configured_one(string scheduler, string policy, int nice)
    {
        Config.Set("process.scheduler", JsonNode.Parse(scheduler));
        int pid = StartDetached()["pid"]!.GetValue<int>();
        Assert.Contains($"policy: {policy}\n", Chrt(pid), StringComparison.Ordinal);
        Assert.Equal(nice, int.Parse(File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ')[16], CultureInfo.InvariantCulture));
        DeleteForced();
    }

    [Theory]
    [InlineData("SCHED_FIFO", 3, false)]
    [InlineData("SCHED_RR", 98, false)]
    [InlineData("SCHED_FIFO", 5, true)]
    public void A_real_time_policy_has_its_priority(string policy, int priority, bool userNamespace)
    {
        if (userNamespace)
        {
            // Its root may not raise a priority: somebody outside must.
            Config.WithUserNamespace();
        }

        WithRealTime();
        Config.Set("process.scheduler", new JsonObject { ["policy"] = policy, ["priority"] = priority });
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string said = Chrt(pid);
        DeleteForced();
        Assert.Contains($"policy: {policy}\n", said, StringComparison.Ordinal);
        Assert.Contains($"priority: {priority}\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deadline_does_not_keep_hooks_from_running()
    {
        // A process with a deadline cannot clone: sched(7).
        string witness = Path.Combine(Scratch, "hook");
        Config.AddHook("createContainer", "/bin/touch", witness);
        Config.Set("process.scheduler", JsonNode.Parse("""{"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 50000000, "period": 100000000}"""));
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string said = Chrt(pid);
        Assert.Contains("policy: SCHED_DEADLINE\n", said, StringComparison.Ordinal);
        Assert.Contains("1000000/50000000/100000000", said, StringComparison.Ordinal);
        Assert.True(File.Exists(witness));
        DeleteForced();
    }

    [Fact]
    public void A_policy_that_the_kernel_refuses_is_told_with_its_call()
    {
        Needs.PathTo("/sys/fs/cgroup/cpu/cpu.rt_runtime_us");
        Config.Set("linux.cgroupsPath", "/" + Id);
        Config.Set("process.scheduler", JsonNode.Parse("""{"policy": "SCHED_FIFO", "priority": 9}"""));
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("process.scheduler: sched_setattr(", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("EPERM", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("IOPRIO_CLASS_RT", 3, "realtime: prio 3")]
    [InlineData("IOPRIO_CLASS_BE", 6, "best-effort: prio 6")]
    [InlineData("IOPRIO_CLASS_IDLE", 0, "idle")]
    public void The_io_priority_is_the_configured_one(string name, int priority, string said)
    {
        Needs.Program("ionice");
        Config.Set("process.ioPriority", new JsonObject { ["class"] = name, ["priority"] = priority });
        int pid = StartDetached()["pid"]!.GetValue<int>();
        Assert.Equal(said, Command.Run("ionice", "-p", $"{pid}").Succeeded());
        DeleteForced();
    }

    [Theory]
    [InlineData("LINUX32", "i686")]
    [InlineData("LINUX", "x86_64")]
    public void The_personality_is_the_configured_one(string domain, string machine)
    {
        Needs.Met(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "x86-64");
        Config.Set("linux.personality", new JsonObject { ["domain"] = domain });
        StartDetached();
        Assert.Equal(machine, Runtime.Invoke("exec", Id, "/bin/busybox", "uname", "-m").Succeeded());
        DeleteForced();
        Assert.Equal(machine, RunArgs("/bin/busybox", "uname", "-m").Succeeded());
    }

    [Fact]
    public void What_the_caller_is_bound_to_does_not_bind_the_container()
    {
        NeedsTwoProcessors();
        Config.SetWords("process.args", "/bin/grep", "Cpus_allowed_list", "/proc/self/status");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["taskset", "--cpu-list", "0"], "run", "--bundle", Bundle.Path, Id);
        Assert.Equal(OwnProcessors(), run.Wait().Succeeded());
    }

    [Fact]
    public void A_cpuset_bounds_the_container()
    {
        NeedsTwoProcessors();
        Config.Set("linux.resources.cpu", JsonNode.Parse("""{"cpus": "1", "mems": "0"}"""));
        Assert.EndsWith("\t1", RunArgs("/bin/grep", "Cpus_allowed_list", "/proc/self/status").Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public void Exec_runs_where_the_configuration_says()
    {
        NeedsTwoProcessors();
        Config.Set("process.execCPUAffinity", JsonNode.Parse("""{"initial": "0", "final": "1"}"""));
        StartDetached("/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status >/dev/shm/first; exec sleep 1000");
        string[] ask = ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"];
        Assert.EndsWith("\t1", Runtime.Invoke(["exec", Id, .. ask]).Succeeded(), StringComparison.Ordinal);
        // It is for exec alone.
        Assert.Equal(OwnProcessors(), Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/first").Succeeded());
        string document = WriteProcess("""{"args": ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"], "cwd": "/", "execCPUAffinity": {"final": "0"}}""");
        Assert.EndsWith("\t0", Runtime.Invoke("exec", "--process", document, Id).Succeeded(), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Exec_itself_runs_where_it_is_to_be_at_first()
    {
        NeedsTwoProcessors();
        Config.Set("root.readonly", false);
        StartDetached();
        string document = WriteProcess(
            """{"args": ["/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status >/tmp/all; exec sleep 1000"], "cwd": "/", "execCPUAffinity": {"initial": "1"}}""");
        using Command exec = Runtime.Start("exec", "--process", document, Id);
        WaitFor(() => File.Exists(Bundle.InRoot("/tmp/all")) && File.ReadAllText(Bundle.InRoot("/tmp/all")).EndsWith('\n'), "the process");
        Assert.Equal("1", File.ReadLines($"/proc/{exec.Pid}/status").First(line => line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)).Split('\t')[1]);
        Assert.Equal(OwnProcessors(), File.ReadAllText(Bundle.InRoot("/tmp/all")).TrimEnd());
        DeleteForced();
        exec.Wait();
    }

    [Fact]
    public void Processors_that_are_not_there_are_refused_with_a_hint()
    {
        StartDetached();
        string document = WriteProcess("""{"args": ["/bin/true"], "cwd": "/", "execCPUAffinity": {"final": "8191"}}""");
        Outcome outcome = Runtime.Invoke("exec", "--process", document, Id);
        Assert.Equal(255, outcome.Status);
        Assert.Contains("sched_setaffinity", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("cpuset", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Exec_takes_the_containers_policy_or_its_own()
    {
        Config.Set("process.scheduler", JsonNode.Parse("""{"policy": "SCHED_BATCH", "nice": 3}"""));
        StartDetached();
        Assert.Contains("policy: SCHED_BATCH\n", Chrt(ExecDetached("""{"args": ["/bin/sleep", "1000"], "cwd": "/"}""")), StringComparison.Ordinal);
        Assert.Contains("policy: SCHED_DEADLINE\n", Chrt(ExecDetached("""
            {"args": ["/bin/sleep", "1000"], "cwd": "/", "scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 50000000, "period": 50000000}}
            """)), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Exec_may_have_a_higher_priority_than_the_container_could_give_itself()
    {
        Config.WithUserNamespace();
        StartDetached();
        int pid = ExecDetached("""{"args": ["/bin/sleep", "1000"], "cwd": "/", "scheduler": {"policy": "SCHED_OTHER", "nice": -9}}""");
        Assert.Equal("-9", File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ')[16]);
        DeleteForced();
    }

    private int ExecDetached(string process)
    {
        string pidFile = Path.Combine(Scratch, "exec-pid");
        using Command exec = Runtime.StartThrough(
            ["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"], "exec", "--detach", "--pid-file", pidFile, "--process", WriteProcess(process), Id);
        exec.Wait().Succeeded();
        return int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
    }

    private string WriteProcess(string process)
    {
        string path = Path.Combine(Scratch, "process.json");
        File.WriteAllText(path, process);
        return path;
    }

    private static string Chrt(int pid)
    {
        Needs.Program("chrt");
        return Command.Run("chrt", "-p", $"{pid}").Succeeded() + "\n";
    }

    /// <summary>Where the kernel rations real time by groups, the container's own needs some.</summary>
    private void WithRealTime()
    {
        if (File.Exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us"))
        {
            Config.Set("linux.cgroupsPath", "/" + Id);
            Config.Set("linux.resources.cpu", JsonNode.Parse("""{"realtimePeriod": 1000000, "realtimeRuntime": 10000}"""));
        }
    }

    private static void NeedsTwoProcessors()
    {
        Needs.Program("taskset");
        Needs.Met(OwnProcessors().EndsWith("0-1", StringComparison.Ordinal), "two processors");
    }

    private static string OwnProcessors()
        => File.ReadLines("/proc/self/status").First(line => line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal));
}
