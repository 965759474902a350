using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class HookTests : ContainerTest
{
    private string Journal => Path.Combine(Scratch, "journal");

    [Fact]
    public void All_six_kinds_run_in_their_order()
    {
        // Those of the container's own namespaces see only its root: they write where both can.
        Config.AddMount("/mnt", "bind", Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName, "bind");
        string shared = Path.Combine(Scratch, "shared", "journal");
        foreach (string kind in (ReadOnlySpan<string>)["prestart", "createRuntime", "poststart", "poststop"])
        {
            Config.AddHook(kind, "/bin/sh", "-c", $"echo {kind} >>{shared}");
        }

        Config.AddHook("createContainer", "/bin/sh", "-c", $"echo createContainer >>{shared}");
        Config.AddHook("startContainer", "/bin/sh", "-c", "echo startContainer >>/mnt/journal");
        Config.SetWords("process.args", "/bin/true");
        Create().Succeeded();
        Assert.Equal(["prestart", "createRuntime", "createContainer"], File.ReadAllLines(shared));
        Runtime.Invoke("start", Id).Succeeded();
        WaitForStatus("stopped");
        Assert.Equal(["poststart", "startContainer"], File.ReadAllLines(shared)[3..].Order());
        Runtime.Invoke("delete", Id).Succeeded();
        Assert.Equal("poststop", File.ReadAllLines(shared)[^1]);
    }

    [Fact]
    public void Run_runs_them_all_too()
    {
        foreach (string kind in (ReadOnlySpan<string>)["prestart", "createRuntime", "createContainer", "poststart", "poststop"])
        {
            Config.AddHook(kind, "/bin/sh", "-c", $"echo {kind} >>{Journal}");
        }

        RunArgs("/bin/true").Succeeded();
        Assert.Equal(["prestart", "createRuntime", "createContainer", "poststart", "poststop"], File.ReadAllLines(Journal));
    }

    [Fact]
    public void Hooks_of_one_kind_run_one_after_the_other()
    {
        Config.AddHook("prestart", "/bin/sh", "-c", $"sleep 0.1; echo first >>{Journal}");
        Config.AddHook("prestart", "/bin/sh", "-c", $"echo second >>{Journal}");
        RunArgs("/bin/true").Succeeded();
        Assert.Equal(["first", "second"], File.ReadAllLines(Journal));
    }

    [Theory]
    [InlineData("prestart", "creating|created")]
    [InlineData("createRuntime", "creating|created")]
    [InlineData("poststart", "created|running")]
    [InlineData("poststop", "stopped")]
    public void The_state_comes_on_standard_input(string kind, string status)
    {
        Config.AddHook(kind, "/bin/sh", "-c", $"cat >{Journal}");
        RunArgs("/bin/sleep", "0.1").Succeeded();
        JsonNode state = JsonNode.Parse(File.ReadAllText(Journal))!;
        Assert.Equal(Id, state["id"]!.GetValue<string>());
        Assert.Equal(Bundle.Path, state["bundle"]!.GetValue<string>());
        Assert.Contains(state["status"]!.GetValue<string>(), status.Split('|'));
        Assert.Equal(kind != "poststop", state["pid"] is { } pid && pid.GetValue<int>() > 0);
    }

    [Fact]
    public void Arguments_and_environment_are_the_configured_ones()
    {
        Config.AddHook("prestart", "/bin/sh");
        JsonNode hook = Config.At("hooks.prestart")[0]!;
        hook["args"] = new JsonArray("name-of-the-hook", "-c", $"echo $0 $1 $A $B >{Journal}", "zero", "one");
        hook["env"] = new JsonArray("A=x", "PATH=/bin");
        Runtime.Variables["B"] = "of the caller";
        RunArgs("/bin/true").Succeeded();
        Assert.Equal("zero one x\n", File.ReadAllText(Journal));
    }

    [Theory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_hook_that_fails_stops_the_creation(string kind)
    {
        Config.AddHook(kind, "/bin/sh", "-c", "exit 3");
        Config.AddHook("poststop", "/bin/sh", "-c", $"echo poststop >>{Journal}");
        Outcome outcome = RunArgs("/bin/echo", "never");
        Assert.Equal(1, outcome.Status);
        Assert.DoesNotContain("never", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"error running {kind} hook #0", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_start_hook_that_fails_keeps_the_process_from_running()
    {
        Config.AddHook("startContainer", "/bin/sh", "-c", "exit 3");
        Outcome outcome = RunArgs("/bin/echo", "never");
        Assert.NotEqual(0, outcome.Status);
        Assert.DoesNotContain("never", outcome.Output, StringComparison.Ordinal);
    }

    /// <summary>Nobody waits for a started container: its own standard error is where it is said, once.</summary>
    [Theory]
    [InlineData("/no/such/hook")]
    [InlineData("/bin/sh", "-c", "exit 3")]
    public void A_start_hook_that_fails_after_start_is_named(string path, params string[] args)
    {
        Config.AddHook("startContainer", "/bin/true");
        Config.AddHook("startContainer", path, args);
        Config.SetWords("process.args", "/bin/echo", "never");
        Bundle.Save();
        string output = Path.Combine(Scratch, "output");
        using (Command create = Runtime.StartThrough(["/bin/sh", "-c", $"exec \"$@\" >{output} 2>&1", "sh"], "create", "--bundle", Bundle.Path, Id))
        {
            create.Wait().Succeeded();
        }

        Runtime.Invoke("start", Id);
        WaitForStatus("stopped");
        Assert.Equal($"error running startContainer hook #1: {path}: it is not there, cannot be executed, or failed\n", File.ReadAllText(output));
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Theory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    public void A_hook_that_does_not_end_is_killed_when_its_time_is_up(string kind)
    {
        Config.AddHook(kind, "/bin/sleep", "1000");
        Config.At("hooks." + kind)[0]!["timeout"] = 1;
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("hook", outcome.Errors, StringComparison.Ordinal);
    }

    /// <summary>In a pid namespace of its own the end of init is the end of its hooks; here it is not.</summary>
    [Theory]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    public void A_hook_inside_that_does_not_end_is_killed_when_its_time_is_up(string kind)
    {
        string shared = Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;
        Config.AddMount("/mnt", "bind", shared, "bind");
        Config.WithoutNamespace("pid");
        string folder = kind == "startContainer" ? "/mnt" : shared;
        Config.AddHook(kind, "/bin/sh", "-c", $"exec >/dev/null 2>&1; echo $$ >{folder}/pid; exec /bin/sleep 1000");
        Config.At("hooks." + kind)[0]!["timeout"] = 1;
        Outcome outcome = RunArgs("/bin/echo", "never");
        Assert.Equal(1, outcome.Status);
        Assert.DoesNotContain("never", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"error running {kind} hook #0: /bin/sh", outcome.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists("/proc/" + File.ReadAllText(Path.Combine(shared, "pid")).Trim()));
    }

    [Fact]
    public void A_hook_that_does_not_exist_is_named()
    {
        Config.AddHook("createRuntime", "/no/such/hook");
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("/no/such/hook", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_poststop_hook_that_fails_does_not_stop_the_deletion()
    {
        Config.AddHook("poststop", "/bin/sh", "-c", "exit 3");
        Config.AddHook("poststop", "/bin/sh", "-c", $"echo second >>{Journal}");
        Assert.Equal(0, RunArgs("/bin/true").Status);
        Assert.Equal(["second"], File.ReadAllLines(Journal));
    }

    [Fact]
    public void The_namespaces_are_made_when_create_runtime_runs()
    {
        Config.AddHook("createRuntime", "/bin/sh", "-c",
            $"pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net /proc/self/ns/net >{Journal}");
        RunArgs("/bin/true").Succeeded();
        string[] links = File.ReadAllLines(Journal);
        Assert.Equal(2, links.Length);
        Assert.NotEqual(links[0], links[1]);
    }

    /// <summary>CVE-2016-9962: who has CAP_SYS_PTRACE in the joined namespace would find the host's root in /proc of the hook.</summary>
    [Theory]
    [InlineData("prestart", false)]
    [InlineData("createRuntime", false)]
    [InlineData("poststart", false)]
    [InlineData("createRuntime", true)]
    public void A_hook_outside_is_not_in_the_pid_namespace_that_the_container_joins(string kind, bool ofUser)
    {
        string[] users = ofUser ? ["--user", "--map-root-user"] : [];
        using Command holder = new(["unshare", .. users, "--pid", "--fork", "--kill-child", "sleep", "1000"]);
        string children = $"/proc/{holder.Pid}/task/{holder.Pid}/children";
        WaitFor(() => File.ReadAllText(children).Length > 0, "the holder");
        string pid = File.ReadAllText(children).Split(' ')[0];
        Config.AddHook(kind, "/bin/sh", "-c", $"readlink /proc/self/ns/pid /proc/$$/ns/pid_for_children >{Journal}; sleep 0.1");
        Config.WithNamespace("pid", $"/proc/{pid}/ns/pid");
        Config.SetWords("process.args", "/bin/readlink", "/proc/self/ns/pid");
        if (ofUser)
        {
            // Its group 5 is nobody in a namespace of one user.
            Config.RemoveMount("/dev/pts");
        }

        Bundle.Save();
        string[] into = ofUser ? ["nsenter", "--preserve-credentials", "--user", "--target", pid] : ["env"];
        using Command run = Runtime.StartThrough(into, "run", "--bundle", Bundle.Path, Id);
        Assert.Equal(new FileInfo($"/proc/{pid}/ns/pid").LinkTarget, run.Wait().Succeeded());
        string own = new FileInfo("/proc/self/ns/pid").LinkTarget!;
        Assert.Equal([own, own], File.ReadAllLines(Journal));
    }

    /// <summary>Of the .NET runtime, which ignores SIGPIPE, and of a foreground run, which blocks all signals, a hook has nothing.</summary>
    [Theory]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    [InlineData("poststop")]
    public void A_hook_has_the_signals_of_a_new_process(string kind)
    {
        string shared = Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;
        Config.AddMount("/mnt", "bind", shared, "bind");

        // Not by a shell, which may ignore signals for its children.
        Config.AddHook(kind, "/bin/cp", "/proc/self/status", kind == "startContainer" ? "/mnt/status" : shared + "/status");
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", "trap '' USR1; exec \"$@\"", "sh"], "run", "--bundle", Bundle.Path, Id);
        run.Wait().Succeeded();
        string[] status = File.ReadAllLines(Path.Combine(shared, "status"));
        Assert.Contains("SigBlk:\t0000000000000000", status);
        Assert.Contains("SigIgn:\t0000000000000000", status);
    }

    [Fact]
    public void A_start_hook_runs_inside_and_sees_its_root()
    {
        Config.Set("root.readonly", false);
        Config.AddHook("startContainer", "/bin/sh", "-c", "ls / >/tmp/listing");
        RunArgs("/bin/true").Succeeded();
        Assert.Contains("proc", File.ReadAllLines(Bundle.InRoot("/tmp/listing")));
    }

    [Fact]
    public void A_create_container_hook_runs_in_the_containers_mount_namespace()
    {
        Config.AddHook("createContainer", "/bin/sh", "-c", $"readlink /proc/self/ns/mnt >{Journal}");
        RunArgs("/bin/true").Succeeded();
        Assert.NotEqual(new FileInfo("/proc/self/ns/mnt").LinkTarget, File.ReadAllText(Journal).Trim());
    }
}
