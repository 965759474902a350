using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>What exec can be asked for beside a command: whom it is, where it runs, and what it is handed.</summary>
public sealed class ExecOptionTests : ContainerTest
{
    [Theory]
    [InlineData("7", "7 55 55 5 6")]
    [InlineData("7:8", "7 8 8 5 6")]
    [InlineData("0:0", "0 0 0 5 6")]
    public void A_user_is_one_number_or_two(string user, string expected)
    {
        // What is not said is the container's: its group and its further groups.
        Config.Set("process.user", JsonNode.Parse("""{"uid": 3, "gid": 55, "additionalGids": [5, 6]}"""));
        StartDetached();
        Assert.Equal(expected, Runtime.Invoke("exec", "--user", user, Id, "/bin/sh", "-c", "echo $(id -u) $(id -g) $(id -G)").Succeeded());
        DeleteForced();
    }

    [Theory]
    [InlineData("root")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("0x1")]
    [InlineData("-1")]
    [InlineData("4294967295")]
    [InlineData("4294967296")]
    [InlineData("1:2:3")]
    [InlineData(" 1")]
    [InlineData("")]
    public void A_user_that_is_no_number_is_refused(string user)
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--user", user, Id, "/bin/id");
        Assert.Equal(255, outcome.Status);
        Assert.Equal("", outcome.Output);
        DeleteForced();
    }

    [Fact]
    public void What_a_process_document_leaves_out_is_the_containers()
    {
        Config.WithCapabilities("CAP_CHOWN", "CAP_KILL");
        Config.Set("process.rlimits", JsonNode.Parse("""[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]"""));
        Config.Set("process.oomScoreAdj", 321);
        StartDetached();
        string document = Path.Combine(Scratch, "process.json");
        File.WriteAllText(document, """{"args": ["/bin/sh", "-c", "probe caps; ulimit -n; cat /proc/self/oom_score_adj"], "cwd": "/", "env": ["PATH=/bin"]}""");
        string[] said = Runtime.Invoke("exec", "--process", document, Id).Succeeded().Split('\n');
        Assert.Equal(["CAP_CHOWN", "CAP_KILL"], JsonNode.Parse(said[0])!["effective"].Strings());
        Assert.Equal(["100", "321"], said[1..]);
        File.WriteAllText(document, """{"args": ["/bin/probe", "caps"], "cwd": "/", "capabilities": {"bounding": ["CAP_KILL"]}}""");
        JsonNode sets = JsonNode.Parse(Runtime.Invoke("exec", "-p", document, Id).Succeeded())!;
        Assert.Equal(["CAP_KILL"], sets["bounding"].Strings());
        DeleteForced();
    }

    [Fact]
    public void A_capability_that_nobody_knows_is_left_out_with_a_warning()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--cap", "CAP_TIME_TRAVEL", "--cap", "CAP_SYS_ADMIN", Id, "/bin/probe", "caps");
        Assert.Contains("CAP_SYS_ADMIN", JsonNode.Parse(outcome.Succeeded())!["effective"].Strings());
        Assert.Contains("ignoring unknown or unavailable capabilities: [CAP_TIME_TRAVEL]", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_group_below_the_containers_can_be_entered()
    {
        Needs.CgroupV1("pids");
        Config.Set("linux.cgroupsPath", "/" + Id);
        StartDetached();
        Directory.CreateDirectory($"/sys/fs/cgroup/pids/{Id}/below");
        string said = Runtime.Invoke("exec", "--cgroup", "pids:below", Id, "/bin/cat", "/proc/self/cgroup").Succeeded();
        Assert.Contains($":pids:/{Id}/below\n", said + "\n", StringComparison.Ordinal);
        Assert.Contains($":memory:/{Id}\n", said + "\n", StringComparison.Ordinal);
        Directory.CreateDirectory($"/sys/fs/cgroup/memory/{Id}/beside/it");
        said = Runtime.Invoke("exec", "--cgroup", "pids:below", "--cgroup", "memory:/beside/it", Id, "/bin/cat", "/proc/self/cgroup").Succeeded();
        Assert.Contains($":pids:/{Id}/below\n", said + "\n", StringComparison.Ordinal);
        Assert.Contains($":memory:/{Id}/beside/it\n", said + "\n", StringComparison.Ordinal);
        DeleteForced();
    }

    [Theory]
    [InlineData("nowhere", "nowhere")]
    [InlineData("../other", "leads out of the container's group")]
    [InlineData("pids:a/../../b", "leads out of the container's group")]
    [InlineData("nonsense:a", "nonsense")]
    public void A_group_that_is_not_there_or_not_below_is_refused(string group, string said)
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--cgroup", group, Id, "/bin/true");
        Assert.Equal(255, outcome.Status);
        Assert.Contains(said, outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_paused_container_can_be_joined_where_one_insists()
    {
        Config.Set("root.readonly", false);
        StartDetached();
        Runtime.Invoke("pause", Id).Succeeded();
        Outcome refused = Runtime.Invoke("exec", Id, "/bin/true");
        Assert.Equal(255, refused.Status);
        Assert.Contains("cannot exec in a paused container (use --ignore-paused to override)", refused.Errors, StringComparison.Ordinal);
        using Command exec = Runtime.Start("exec", "--ignore-paused", Id, "/bin/touch", "/tmp/joined");
        Thread.Sleep(300);
        Assert.False(File.Exists(Bundle.InRoot("/tmp/joined")), "it ran in a frozen group");
        Runtime.Invoke("resume", Id).Succeeded();
        exec.Wait().Succeeded();
        Assert.True(File.Exists(Bundle.InRoot("/tmp/joined")));
        DeleteForced();
    }

    [Fact]
    public void The_pidfd_socket_receives_the_process()
    {
        StartDetached();
        using DescriptorSocket socket = new(Path.Combine(Scratch, "pidfd"));
        string pidFile = Path.Combine(Scratch, "exec-pid");
        using Command exec = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"],
            "exec", "--detach", "--pid-file", pidFile, "--pidfd-socket", socket.Path, Id, "/bin/sleep", "1000");
        (int pid, string text) = socket.ReceivePidfd();
        exec.Wait().Succeeded();
        Assert.Equal("setns", text);
        Assert.Equal(File.ReadAllText(pidFile), pid.ToString(CultureInfo.InvariantCulture));
        DeleteForced();
    }

    [Fact]
    public void The_pidfd_socket_of_create_receives_its_first_process()
    {
        using DescriptorSocket socket = new(Path.Combine(Scratch, "pidfd"));
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create("--pidfd-socket", socket.Path).Succeeded();
        (int pid, string text) = socket.ReceivePidfd();
        Assert.Equal("standard", text);
        Assert.Equal(State()["pid"]!.GetValue<int>(), pid);
        DeleteForced();
    }

    [Fact]
    public void A_pidfd_socket_that_nobody_listens_on_leaves_no_process()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--detach", "--pidfd-socket", Path.Combine(Scratch, "nobody"), Id, "/bin/sleep", "1234");
        Assert.Equal(255, outcome.Status);
        Assert.DoesNotContain("sleep 1234", Runtime.Invoke("exec", Id, "/bin/ps").Succeeded(), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_process_document_may_ask_for_a_terminal()
    {
        StartDetached();
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        string document = Path.Combine(Scratch, "process.json");
        File.WriteAllText(document, """
            {"args": ["/bin/sh", "-c", "stty size >/dev/shm/size; sleep 1000"], "cwd": "/", "env": ["PATH=/bin"], "terminal": true, "consoleSize": {"height": 12, "width": 34}}
            """);
        Runtime.Invoke("exec", "--detach", "--console-socket", console.Path, "--process", document, Id).Succeeded();
        (int master, string name) = console.Receive();
        Assert.StartsWith("/dev/pts/", name, StringComparison.Ordinal);
        WaitFor(() => Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/size").Output == "12 34\n", "the size of the terminal");

        // Not before: without a master the terminal hangs up, and the shell would end before it has looked.
        Posix.Close(master);
        DeleteForced();
    }

    [Theory]
    [InlineData("true", "0027")]
    [InlineData("false", "0022")]
    public void The_umask_of_a_process_document_holds(string given, string expected)
    {
        StartDetached();
        string document = Path.Combine(Scratch, "process.json");
        string umask = given == "true" ? ", \"umask\": 23" : "";
        File.WriteAllText(document, """{"args": ["/bin/probe", "umask"], "cwd": "/", "user": {"uid": 0, "gid": 0""" + umask + "}}");
        Assert.Equal(expected, Runtime.Invoke("exec", "--process", document, Id).Succeeded());
        DeleteForced();
    }
}
