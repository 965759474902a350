namespace Containerception.Clients.Tests;

/// <summary>docker run: who runs, where, with what, and how it ends.</summary>
public sealed class DockerRunTests(Docker docker) : DockerTest(docker)
{
    [Fact]
    public void Docker_knows_the_runtime_and_what_it_can_do()
    {
        string runtimes = Docker.Says("info", "--format", "{{json .Runtimes}}");

        Assert.Contains("org.opencontainers.runtime-spec.features", runtimes, StringComparison.Ordinal);
        Assert.Equal(Session.Runtime, Docker.Says("info", "--format", "{{.DefaultRuntime}}"));
        Assert.DoesNotContain("N/A", Docker.Says("info", "--format", "{{.RuncCommit.ID}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_says_what_its_command_says()
        => Assert.Equal("hello", Run([], "echo", "hello"));

    [Fact]
    public void Standard_input_goes_in_and_both_outputs_come_out_apart()
    {
        Outcome outcome = Docker.Session.Shell($"echo asked | docker run --rm -i --network none {Docker.Image} sh -c 'cat; echo wrong >&2'");

        Assert.Equal("asked\n", outcome.Output);
        Assert.Equal("wrong\n", outcome.Errors);
    }

    [Theory]
    [InlineData(42, "exit 42")]
    [InlineData(143, "kill -TERM $$")]
    public void The_exit_status_is_the_commands(int status, string script)
        => Assert.Equal(status, Docker.Do("run", "--rm", "--network", "none", "--init", Docker.Image, "sh", "-c", script).Status);

    [Theory]
    [InlineData("nothing", 127, "exec: \"nothing\": executable file not found in $PATH")]
    [InlineData("/bin/nothing", 127, "no such file or directory")]
    [InlineData("/etc/passwd", 126, "exec: \"/etc/passwd\": permission denied")]
    [InlineData("/etc", 126, "exec: \"/etc\": is a directory")]
    public void A_command_that_cannot_be_executed_has_the_exit_status_of_a_shell(string command, int status, string message)
    {
        Outcome outcome = Docker.Do("run", "--rm", "--network", "none", Docker.Image, command);

        Assert.Equal(status, outcome.Status);
        Assert.Contains(message, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_docker_itself_refuses_has_125()
        => Assert.Equal(125, Docker.Do("run", "--rm", "--runtime", "nothing", Docker.Image, "true").Status);

    [Theory]
    [InlineData("/etc:/etc/passwd")]
    [InlineData("/etc/passwd:/etc")]
    public void A_directory_on_a_file_or_the_other_way_is_told_in_words_that_docker_knows(string volume)
    {
        Outcome outcome = Docker.Do("run", "--rm", "--network", "none", "--volume", volume, Docker.Image, "true");

        Assert.Equal(125, outcome.Status);
        Assert.Contains("Are you trying to mount a directory onto a file (or vice-versa)?", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann", "uid=1234(ann) gid=1235(ann) groups=50(staff),1235(ann)")]
    [InlineData("ann:staff", "uid=1234(ann) gid=50(staff) groups=50(staff)")]
    [InlineData("77:78", "uid=77 gid=78 groups=78")]
    public void A_user_has_the_groups_of_the_image(string user, string id)
        => Assert.Equal(id, Run(["--user", user], "id"));

    [Fact]
    public void Groups_are_added()
        => Assert.Equal("1235 50 99", Run(["--user", "ann", "--group-add", "99"], "id", "-G"));

    [Fact]
    public void The_environment_the_name_and_the_directory_are_what_was_asked_for()
        => Assert.Equal("/made/here v h1 dom /home/ann", Shell(
            "echo $(pwd) $A $(hostname) $(cat /proc/sys/kernel/domainname) $HOME",
            "--user", "ann", "--workdir", "/made/here", "--env", "A=v", "--hostname", "h1", "--domainname", "dom"));

    [Fact]
    public void The_entry_point_may_be_another()
        => Assert.Equal("a b", Run(["--entrypoint", "/bin/echo"], "a", "b"));

    [Fact]
    public void An_environment_and_a_command_line_may_be_long()
        => Assert.Equal("100000 5000", Docker.Session.Shell(
            $"docker run --rm --network none --env X=$(head -c 100000 /dev/zero | tr '\\0' a) {Docker.Image} sh -c 'echo ${{#X}} $#' sh $(seq 5000)").Succeeded());

    [Fact]
    public void An_init_of_dockers_is_the_first_process()
        => Assert.Equal("docker-init", Run(["--init"], "cat", "/proc/1/comm"));

    [Fact]
    public void A_terminal_is_a_terminal_and_the_exit_status_comes_through_it()
    {
        Outcome outcome = Docker.Session.Shell(
            $"script -qec \"docker run --rm -it --network none {Docker.Image} sh -c 'tty; test -c /dev/console && echo console; exit 5'\" /dev/null </dev/null");

        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("console", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(5, outcome.Status);
    }
}
