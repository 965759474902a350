using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class ExecTests : ContainerTest
{
    [Fact]
    public void A_command_runs_in_the_container()
    {
        Config.Set("hostname", "zebra");
        StartDetached();
        Assert.Equal("zebra", Exec("hostname").Succeeded());
        DeleteForced();
    }

    [Fact]
    public void It_is_in_every_namespace_of_the_container()
    {
        Config.WithNamespace("cgroup");
        int pid = StartDetached()["pid"]!.GetValue<int>();
        JsonNode inside = JsonNode.Parse(Exec("/bin/probe", "ns").Succeeded())!;
        foreach (string link in (ReadOnlySpan<string>)["mnt", "pid", "net", "ipc", "uts", "cgroup"])
        {
            Assert.Equal(new FileInfo($"/proc/{pid}/ns/{link}").LinkTarget, inside[link]!.GetValue<string>());
        }

        DeleteForced();
    }

    [Fact]
    public void It_is_in_the_cgroups_of_the_container()
    {
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string[] ofContainer = Exec("/bin/cat", "/proc/1/cgroup").Succeeded().Split('\n');
        string[] ofExec = Exec("/bin/cat", "/proc/self/cgroup").Succeeded().Split('\n');
        Assert.Equal(ofContainer.Order(), ofExec.Order());
        Assert.True(pid > 0);
        DeleteForced();
    }

    [Fact]
    public void It_is_in_the_user_namespace_of_the_container()
    {
        Config.WithUserNamespace();
        StartDetached();
        JsonNode ids = JsonNode.Parse(Exec("/bin/probe", "ids").Succeeded())!;
        Assert.Equal("100000", ids["uidMap"]!.GetValue<string>().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        DeleteForced();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(255)]
    public void Its_status_is_the_commands(int status)
    {
        StartDetached();
        Assert.Equal(status, Exec("/bin/sh", "-c", $"exit {status}").Status);
        DeleteForced();
    }

    [Fact]
    public void A_signal_is_128_and_its_number()
    {
        StartDetached();
        Assert.Equal(128 + 9, Exec("/bin/sh", "-c", "kill -9 $$").Status);
        DeleteForced();
    }

    [Theory]
    [InlineData("nosuchprogram", "executable file not found in $PATH")]
    [InlineData("/no/such/program", "no such file or directory")]
    [InlineData("/etc/passwd", "permission denied")]
    public void A_command_that_cannot_be_started_is_255(string program, string reason)
    {
        File.WriteAllText(Bundle.InRoot("/etc/passwd"), "");
        StartDetached();
        Outcome outcome = Exec(program);
        Assert.Equal(255, outcome.Status);
        Assert.Contains($"exec failed: unable to start container process: exec: \"{program}\"", outcome.Message, StringComparison.Ordinal);
        Assert.Contains(reason, outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Flags_change_the_process()
    {
        Config.Set("root.readonly", false);
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--cwd", "/tmp", "-e", "A=1", "-e", "B=2", "--user", "7:8", "--additional-gids", "9", Id,
            "/bin/sh", "-c", "echo $PWD $A $B $(id -u):$(id -g) $(id -G)");
        Assert.StartsWith("/tmp 1 2 7:8 8 9", outcome.Succeeded(), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void The_containers_environment_is_kept()
    {
        Config.AddEnvironment("OF=container");
        StartDetached();
        Assert.Equal("container", Exec("/bin/sh", "-c", "echo $OF").Succeeded());
        DeleteForced();
    }

    [Fact]
    public void A_capability_can_be_added_and_is_not_inherited()
    {
        StartDetached();
        JsonNode sets = JsonNode.Parse(Runtime.Invoke("exec", "--cap", "CAP_SYS_ADMIN", Id, "/bin/probe", "caps").Succeeded())!;
        Assert.Contains("CAP_SYS_ADMIN", sets["effective"].Strings());
        Assert.Contains("CAP_SYS_ADMIN", sets["bounding"].Strings());
        // CVE-2022-29162: what is added for one command must not pass on to every program that it starts.
        Assert.Empty(sets["inheritable"].Strings());
        Assert.Empty(sets["ambient"].Strings());
        DeleteForced();
    }

    [Fact]
    public void No_new_privileges_can_be_asked_for()
    {
        Config.Set("process.noNewPrivileges", false);
        StartDetached();
        Assert.Equal("0", Exec("/bin/probe", "nnp").Succeeded());
        Assert.Equal("1", Runtime.Invoke("exec", "--no-new-privs", Id, "/bin/probe", "nnp").Succeeded());
        DeleteForced();
    }

    [Fact]
    public void A_process_document_says_everything()
    {
        StartDetached();
        string document = Path.Combine(Scratch, "process.json");
        File.WriteAllText(document, """
            {
              "args": ["/bin/sh", "-c", "echo $A $PWD $(id -u)"],
              "cwd": "/tmp", "env": ["PATH=/bin", "A=x"],
              "user": {"uid": 5, "gid": 6}
            }
            """);
        Assert.Equal("x /tmp 5", Runtime.Invoke("exec", "--process", document, Id).Succeeded());
        DeleteForced();
    }

    [Fact]
    public void Detached_it_leaves_the_pid_in_a_file()
    {
        StartDetached();
        string pidFile = Path.Combine(Scratch, "exec-pid");
        using Command exec = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"],
            "exec", "--detach", "--pid-file", pidFile, Id, "/bin/sleep", "2000");
        exec.Wait().Succeeded();
        string pid = File.ReadAllText(pidFile);
        WaitFor(() => File.ReadAllText($"/proc/{pid}/cmdline") == "/bin/sleep\u00002000\0", "the command");
        DeleteForced();
    }

    [Fact]
    public void Arguments_after_the_id_are_the_commands()
    {
        StartDetached();
        Assert.Equal("--user -d x", Exec("/bin/echo", "--user", "-d", "x").Succeeded());
        DeleteForced();
    }

    [Fact]
    public void Nothing_runs_in_a_stopped_container()
    {
        StartDetached("/bin/true");
        WaitForStatus("stopped");
        Outcome outcome = Exec("/bin/true");
        Assert.Equal(255, outcome.Status);
        Assert.Contains("cannot exec in a stopped container", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Nothing_runs_in_a_paused_container()
    {
        StartDetached();
        Runtime.Invoke("pause", Id).Succeeded();
        Assert.Equal(255, Exec("/bin/true").Status);
        DeleteForced();
    }

    [Fact]
    public void Nothing_runs_in_a_container_that_does_not_exist()
    {
        Outcome outcome = Exec("/bin/true");
        Assert.Equal(255, outcome.Status);
        Assert.Contains("does not exist", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Preserved_descriptors_arrive()
    {
        StartDetached();
        File.WriteAllText(Path.Combine(Scratch, "three"), "of three");
        using Command exec = Runtime.StartThrough(["/bin/sh", "-c", $"exec 3<{Path.Combine(Scratch, "three")}; exec \"$@\"", "sh"],
            "exec", "--preserve-fds", "1", Id, "/bin/sh", "-c", "cat <&3");
        Assert.Equal("of three", exec.Wait().Succeeded());
        DeleteForced();
    }

    [Fact]
    public void A_container_that_has_no_process_left_to_make_can_be_entered_where_groups_can_be_entered()
    {
        Assert.SkipUnless(File.Exists("/sys/fs/cgroup/pids/tasks"), "only version 1 of control groups lets a process enter a full one");
        Config.Set("linux.resources.pids", JsonNode.Parse("""{"limit": 1}"""));
        StartDetached();
        Runtime.Invoke("exec", Id, "/bin/true").Succeeded();
        DeleteForced();
    }

    [Fact]
    public void A_command_line_may_be_as_long_as_the_kernel_allows()
    {
        StartDetached();
        string word = new('w', 100_000);
        Assert.Equal("10", Runtime.Invoke(["exec", Id, "/bin/sh", "-c", "echo $#", "sh", .. Enumerable.Repeat(word, 10)]).Succeeded());
        DeleteForced();
    }

    [Fact]
    public void A_signal_to_exec_reaches_the_command()
    {
        Config.Set("root.readonly", false);
        StartDetached();
        using Command exec = Runtime.Start("exec", Id, "/bin/sh", "-c", "trap 'exit 42' TERM; echo >/tmp/ready; while :; do sleep 0.01; done");
        WaitFor(() => File.Exists(Bundle.InRoot("/tmp/ready")), "the trap");
        exec.Signal(Posix.SIGTERM);
        Assert.Equal(42, exec.Wait().Status);
        DeleteForced();
    }

    /// <summary>Only a change of root keeps such a container off the host's files, and it is not in the namespaces that exec joins.</summary>
    [Theory]
    [InlineData("pid", "network", "ipc", "uts")]
    [InlineData]
    public void Without_a_mount_namespace_it_is_below_the_containers_root(params string[] namespaces)
    {
        Config.WithNamespaces(namespaces);
        Config.RemovePath("hostname");
        Config.Set("mounts", new JsonArray());
        Config.Set("linux.maskedPaths", new JsonArray());
        Config.Set("linux.readonlyPaths", new JsonArray());
        Config.Set("root.readonly", false);
        File.WriteAllText(Bundle.InRoot("/marker"), "of the container");
        string ofHost = Path.Combine(Scratch, "of-the-host");
        File.WriteAllText(ofHost, "secret");
        StartDetached();
        Assert.Equal("of the container", Exec("/bin/cat", "/marker").Succeeded());
        Assert.Equal("of the container", Runtime.Invoke("exec", "--cwd", "/bin", Id, "/bin/sh", "-c", "cat ../../../marker").Succeeded());
        Assert.NotEqual(0, Exec("/bin/cat", ofHost).Status);

        // A /dev/pts that it does not have is not the host's.
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Outcome terminal = Runtime.Invoke("exec", "--tty", "--detach", "--console-socket", console.Path, Id, "/bin/true");
        Assert.Equal(255, terminal.Status);
        Assert.Contains("/dev/pts of the container", terminal.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    private Outcome Exec(params string[] command) => Runtime.Invoke(["exec", Id, .. command]);
}
