using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Whatever goes wrong, nothing is left: the leak check after each test is the assertion.</summary>
public sealed class CleanupTests : ContainerTest
{
    [Theory]
    [InlineData("process.args", "[\"/no/such/program\"]")]
    [InlineData("process.cwd", "\"/proc/self/fd/9\"")]
    [InlineData("root.path", "\"nowhere\"")]
    [InlineData("mounts", "[{\"destination\": \"/mnt\", \"type\": \"nosuchfs\", \"source\": \"x\"}]")]
    [InlineData("mounts", "[{\"destination\": \"/mnt\", \"type\": \"bind\", \"source\": \"/nowhere\", \"options\": [\"bind\"]}]")]
    [InlineData("linux.sysctl", "{\"net.no.such\": \"1\"}")]
    [InlineData("linux.resources", "{\"cpu\": {\"cpus\": \"4711\"}}")]
    [InlineData("linux.resources", "{\"memory\": {\"limit\": 1}}")]
    [InlineData("linux.seccomp", "{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\"}")]
    [InlineData("hooks", "{\"createRuntime\": [{\"path\": \"/bin/false\"}]}")]
    [InlineData("hooks", "{\"createContainer\": [{\"path\": \"/bin/false\"}]}")]
    [InlineData("hooks", "{\"startContainer\": [{\"path\": \"/bin/false\"}]}")]
    public void A_step_that_fails_takes_back_the_ones_before(string path, string json)
    {
        Config.SetWords("process.args", "/bin/true");
        Config.Set(path, JsonNode.Parse(json));
        Assert.NotEqual(0, Run().Status);
    }

    [Fact]
    public void A_process_that_a_hook_left_in_the_groups_goes_with_what_failed()
    {
        Config.WithoutNamespace("pid");
        Config.AddHook("createContainer", "/bin/sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 &");
        Assert.NotEqual(0, RunArgs("/no/such/program").Status);
    }

    [Fact]
    public void Who_froze_a_group_of_his_own_is_removed_all_the_same()
    {
        Config.RemoveMount("/sys/fs/cgroup");
        Config.AddMount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
        Config.WithManyCapabilities();
        Config.SetWords("process.args", "/bin/sh", "-c", """
            group=/sys/fs/cgroup/inner state=cgroup.freeze word=1
            [ ! -d /sys/fs/cgroup/freezer ] || { group=/sys/fs/cgroup/freezer/inner state=freezer.state word=FROZEN; }
            mkdir $group
            sleep 1000 &
            echo $! >$group/cgroup.procs
            echo $word >$group/$state
            exec sleep 1000
            """);
        Create().Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitFor(() => Runtime.Invoke("exec", Id, "/bin/sh", "-c", "cat /sys/fs/cgroup/freezer/inner/freezer.state /sys/fs/cgroup/inner/cgroup.freeze 2>/dev/null").Output.Trim() is "FROZEN" or "1", "the group");
        DeleteForced();
    }

    [Fact]
    public void What_failed_can_be_tried_again_under_the_same_id()
    {
        Assert.NotEqual(0, RunArgs("/no/such/program").Status);
        RunArgs("/bin/true").Succeeded();
    }

    [Fact]
    public void After_a_runtime_killed_at_any_moment_delete_leaves_nothing()
    {
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        Random random = new(42);
        for (int i = 0; i < 40; i++)
        {
            using Command create = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"], "create", "--bundle", Bundle.Path, Id);
            Thread.Sleep(random.Next(30));
            create.Signal(Posix.SIGKILL);
            create.Wait();
            Outcome outcome = Runtime.Invoke("delete", "--force", Id);
            Assert.True(outcome.Status == 0, $"round {i}: {outcome}");
        }
    }

    [Fact]
    public void After_a_runtime_killed_while_the_container_runs_delete_leaves_nothing()
    {
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);
        WaitFor(() => Runtime.Invoke("state", Id) is { Status: 0 } state && state.Output.Contains("running", StringComparison.Ordinal), "the container");
        run.Signal(Posix.SIGKILL);
        DeleteForced();
    }

    /// <summary>The hook makes long what is short: init lives without the runtime, which has not yet written down who it is.</summary>
    [Fact]
    public void After_a_runtime_killed_before_it_wrote_down_its_init_delete_ends_that_too()
    {
        Config.Set("root.readonly", false);
        Config.AddHook("startContainer", "/bin/sh", "-c", "touch /tmp/hook; sleep 1");
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"], "run", "--detach", "--bundle", Bundle.Path, Id);
        WaitFor(() => File.Exists(Bundle.InRoot("/tmp/hook")), "the hook");
        run.Signal(Posix.SIGKILL);
        run.Wait();
        DeleteForced();
    }

    [Fact]
    public void A_container_whose_process_was_killed_from_outside_can_be_deleted()
    {
        int pid = StartDetached()["pid"]!.GetValue<int>();
        Posix.Kill(pid, Posix.SIGKILL);
        WaitForStatus("stopped");
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void Groups_beyond_every_path_and_more_than_descriptors_are_no_obstacle()
    {
        Needs.CgroupV1("pids");
        string group = CgroupFiles.Group(StartDetached()["pid"]!.GetValue<int>(), "pids");
        string deep = string.Join('/', Enumerable.Repeat("d", 100));
        string script = $"cd {group}; for level in $(seq 20); do mkdir {new string('n', 250)}; cd {new string('n', 250)}; done; mkdir -p $'x\\377' {deep}";
        try
        {
            Command.Run("bash", "-c", script).Succeeded();
            foreach (string[] verb in (ReadOnlySpan<string[]>)[["ps", "-f", "json", Id], ["kill", "--all", Id, "KILL"], ["delete", "--force", Id]])
            {
                using Command command = Runtime.StartThrough(["sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"], verb);
                command.Wait().Succeeded();
            }

            Assert.False(Directory.Exists(group));
        }
        finally
        {
            Command.Run("find", group, "-depth", "-mindepth", "1", "-type", "d", "-delete");
        }
    }

    [Fact]
    public void A_group_that_somebody_else_uses_keeps_its_container_until_it_is_free()
    {
        Needs.CgroupV1("freezer");
        string group = CgroupFiles.Group(StartDetached()["pid"]!.GetValue<int>(), "freezer");
        using (Command stranger = new(["sleep", "1000"]))
        {
            File.WriteAllText(group + "/cgroup.procs", $"{stranger.Pid}");
            Outcome refused = Runtime.Invoke("delete", "--force", Id);
            Assert.Equal(1, refused.Status);
            Assert.Contains("EBUSY", refused.Errors, StringComparison.Ordinal);
            Assert.Contains($"processes are still in it: {stranger.Pid}", refused.Errors, StringComparison.Ordinal);
            stranger.Signal(Posix.SIGKILL);
            stranger.Wait();
        }

        Assert.Equal("stopped", State()["status"]!.GetValue<string>());
        Runtime.Invoke("delete", Id).Succeeded();
        Assert.False(Directory.Exists(group));
    }

    [Fact]
    public void A_container_whose_bundle_is_gone_can_be_deleted()
    {
        StartDetached();
        File.Delete(Path.Combine(Bundle.Path, "config.json"));
        DeleteForced();
    }

    [Fact]
    public void Many_runs_one_after_the_other_leave_nothing() => RunOften(100);

    [Fact]
    [Trait("category", "long")]
    public void A_thousand_runs_one_after_the_other_leave_nothing() => RunOften(1000);

    [Fact]
    public void Many_runs_at_once_leave_nothing() => RunAtOnce(20);

    [Fact]
    [Trait("category", "long")]
    public void Two_hundred_runs_at_once_leave_nothing() => RunAtOnce(200);

    private void RunOften(int count)
    {
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        for (int i = 0; i < count; i++)
        {
            Outcome outcome = Runtime.Invoke("run", "--bundle", Bundle.Path, Id);
            Assert.True(outcome.Status == 0, $"run {i}: {outcome}");
        }
    }

    private void RunAtOnce(int count)
    {
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        Command[] commands = [.. Enumerable.Range(0, count).Select(i => Runtime.Start("run", "--bundle", Bundle.Path, $"{Id}-{i}"))];
        foreach (Command command in commands)
        {
            using (command)
            {
                Outcome outcome = command.Wait();
                Assert.True(outcome.Status == 0, outcome.ToString());
            }
        }
    }
}
