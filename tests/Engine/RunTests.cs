namespace Containerception.Engine.Tests;

public sealed class RunTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void The_command_writes_to_the_callers_output_and_error()
    {
        Outcome outcome = _cdock.Shell("echo out; echo err >&2");

        Assert.Equal(new Outcome(0, "out\n", "err\n"), outcome);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 1", 1)]
    [InlineData("exit 77", 77)]
    [InlineData("sh -c 'kill -9 $$'", 137)]
    [InlineData("sh -c 'kill -TERM $$'", 143)]
    public void The_commands_exit_status_is_cdocks(string script, int expected) => Assert.Equal(expected, _cdock.Shell(script + "; exit $?").ExitCode);

    [Fact]
    public void A_program_that_is_not_there_is_127()
    {
        Outcome outcome = _cdock.Run("host", "no-such-program");

        Assert.Equal(127, outcome.ExitCode);
        Assert.Contains("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("no-such-program", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/etc")]
    public void A_file_that_cannot_be_executed_is_126(string path) => Assert.Equal(126, _cdock.Run("host", path).ExitCode);

    [Fact]
    public void Standard_input_is_the_callers_with_i_and_empty_without()
    {
        Assert.Equal("words", _cdock.Do(["run", "--rm", "--runtime", Cdock.Runtime, "-i", "host", "cat"], "words").Output);
        Assert.Equal("", _cdock.Do(["run", "--rm", "--runtime", Cdock.Runtime, "host", "cat"], "words").Output);
    }

    [Fact]
    public void Flags_end_at_the_root_and_the_rest_is_the_commands()
        => Assert.Equal("--rm -it -x --\n", _cdock.Run("host", "echo", "--rm", "-it", "-x", "--").Output);

    [Fact]
    public void Variables_come_from_flags_files_and_the_caller()
    {
        string file = Path.Join(_cdock.Root, "variables");
        File.WriteAllText(file, "# a comment\nONE=1\n  TWO=2 2\nHOME\nABSENT_VARIABLE\n");

        string said = _cdock.Says("echo $ONE/$TWO/$THREE/$EMPTY/$HOSTNAME", "--env-file", file, "-e", "THREE=3", "--env=EMPTY=", "-eONE=one");

        Assert.Equal("one/2 2/3//cdock", said);
        Assert.DoesNotContain("ABSENT", _cdock.Says("env", "--env-file", file), StringComparison.Ordinal);
    }

    [Fact]
    public void The_callers_variables_stay_outside()
        => Assert.DoesNotContain("CDOCK_ROOT", _cdock.Says("env"), StringComparison.Ordinal);

    [Fact]
    public void The_working_directory_is_the_one_asked_for() => Assert.Equal("/usr/share", _cdock.Says("pwd", "-w", "/usr/share"));

    [Theory]
    [InlineData("1000", "1000 0")]
    [InlineData("1000:2000", "1000 2000")]
    [InlineData("daemon", "1 1")]
    [InlineData("nobody:daemon", "65534 1")]
    public void The_user_is_the_one_asked_for(string user, string expected)
        => Assert.Equal(expected, _cdock.Says("echo $(id -u) $(id -g)", "-u", user));

    [Fact]
    public void Another_user_than_root_has_no_capabilities()
        => Assert.Contains("CapEff:\t0000000000000000", _cdock.Says("cat /proc/self/status", "-u", "1000"), StringComparison.Ordinal);

    [Fact]
    public void More_groups_are_given_on_top() => Assert.Equal("1000 7 8", _cdock.Says("id -G", "-u", "1000:1000", "--group-add", "7", "--group-add", "8"));

    [Fact]
    public void The_host_name_is_cdock_or_the_one_asked_for()
    {
        Assert.Equal("cdock", _cdock.Says("hostname"));
        Assert.Equal("ship", _cdock.Says("hostname", "--hostname", "ship"));
        Assert.NotEqual("ship", Environment.MachineName);
    }

    [Fact]
    public void The_domain_name_is_the_one_asked_for()
        => Assert.Equal("fleet", _cdock.Says("cat /proc/sys/kernel/domainname", "--domainname", "fleet"));

    [Fact]
    public void Labels_come_from_files_too_and_annotations_are_the_runtimes()
    {
        string file = Path.Join(_cdock.Root, "labels");
        File.WriteAllText(file, "# a comment\ncolour=red\n\n  size\n");
        string id = _cdock.Ok("create", "--name", "box", "--runtime", Cdock.Runtime, "--label-file", file, "--label", "size=7", "--annotation", "x.y=z", "host", "true");

        Assert.Equal("colour=red,size=7", _cdock.Ok("ps", "-a", "--format", "{{.Labels}}"));
        using System.Text.Json.JsonDocument config = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Join(_cdock.Root, "containers", id, "config.json")));
        Assert.Equal("z", config.RootElement.GetProperty("annotations").GetProperty("x.y").GetString());
    }

    [Fact]
    public void The_entrypoint_comes_before_the_command()
        => Assert.Equal("a b\n", _cdock.Run("--entrypoint", "/bin/echo", "host", "a", "b").Output);

    [Fact]
    public void The_first_process_is_the_command() => Assert.Equal("1", _cdock.Says("echo $$"));

    [Fact]
    public void With_init_zombies_are_reaped_and_signals_reach_the_program()
    {
        Needs.Met(Cdock.Runtime == "ception" || File.Exists(Path.Join(Cdock.Out, "ception")), "ception");

        Assert.Equal("0", _cdock.Says("(sleep 0.1 & exec sh -c 'exit 0') ; sleep 0.4; ps -eo stat | grep -c Z; true", "--init"));
        Assert.NotEqual("1", _cdock.Says("echo $$", "--init"));
        Assert.Equal(3, _cdock.Shell("exit 3", "--init").ExitCode);

        // Who asked for a program is told of that one.
        _cdock.Ok("create", "--name", "box", "--runtime", Cdock.Runtime, "--init", "host", "echo", "a");
        Assert.Equal("\"echo a\"", _cdock.Ok("ps", "-a", "--format", "{{.Command}}"));
        Assert.Equal("echo [a] [echo a] true", _cdock.Ok("inspect", "-f", "{{.Path}} {{.Args}} {{.Config.Cmd}} {{.HostConfig.Init}}", "box"));
    }

    [Fact]
    public void Limits_of_getrlimit_are_set() => Assert.Equal("77 99", _cdock.Says("echo $(ulimit -Sn) $(ulimit -Hn)", "--ulimit", "nofile=77:99"));

    [Fact]
    public void A_sysctl_of_the_containers_own_network_is_set()
        => Assert.Equal("1", _cdock.Says("cat /proc/sys/net/ipv4/ip_forward", "--sysctl", "net.ipv4.ip_forward=1"));

    public void Dispose() => _cdock.Dispose();
}
