namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman run: what a container is given, and what becomes of its exit status.</summary>
public sealed class RunTests(Podman podman) : PodmanTest(podman)
{
    [Fact]
    public void A_container_says_what_its_command_says() => Assert.Equal("hello", Run([], "echo", "hello"));

    [Fact]
    public void Podman_knows_the_runtime_by_name()
        => Assert.StartsWith($"{Session.Runtime} version", Podman.Says("info", "--format", "{{.Host.OCIRuntime.Version}}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("exit 42", 42)]
    [InlineData("sh -c 'kill -KILL $$'; exit $?", 137)]
    [InlineData("kill -TERM $$; exit 5", 5)]
    public void The_exit_status_is_the_commands(string script, int status) => Assert.Equal(status, TryShell(script).Status);

    [Theory]
    [InlineData("/bin/nothing", 127)]
    [InlineData("nothing", 127)]
    [InlineData("/etc/passwd", 126)]
    [InlineData("/etc", 126)]
    public void A_command_that_cannot_be_executed_has_the_exit_status_of_a_shell(string command, int status)
        => Assert.Equal(status, Podman.Do("run", "--rm", Podman.Image, command).Status);

    [Fact]
    public void Standard_input_reaches_the_command()
        => Assert.Equal("from outside", Podman.Session.Shell($"echo from outside | podman --runtime {Session.Runtime} run --rm -i --network none {Podman.Image} cat").Succeeded());

    [Fact]
    public void A_terminal_is_one()
    {
        Outcome outcome = Podman.OnTerminal("run", "--rm", "-it", "--network", "none", Podman.Image, "sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && exit 9");
        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(9, outcome.Status);
    }

    [Theory]
    [InlineData("ann", "uid=1234(ann) gid=1235(ann) groups=50(staff),1235(ann)")]
    [InlineData("7:8", "uid=7 gid=8 groups=8")]
    public void The_user_is_the_one_that_was_asked_for(string user, string id) => Assert.Equal(id, Run(["--user", user, "--passwd=false"], "id"));

    [Fact]
    public void A_group_can_be_added() => Assert.Contains("77", Run(["--user", "ann", "--group-add", "77"], "id", "-G").Split(' '));

    [Fact]
    public void Environment_directory_name_and_umask_are_given()
        => Assert.Equal(
            ["value", "/home/ann", "some-name", "0077"],
            Lines(Shell("echo $VARIABLE; pwd; hostname; umask", "--env", "VARIABLE=value", "--workdir", "/home/ann", "--hostname", "some-name", "--umask", "0077")));

    [Fact]
    public void The_first_process_can_be_an_init() => Assert.Equal("podman-init", Run(["--init"], "cat", "/proc/1/comm"));

    [Fact]
    public void A_container_ends_when_its_time_is_up() => Assert.NotEqual(0, TryShell("sleep 1000", "--timeout", "1").Status);

    [Theory]
    [InlineData("--preserve-fds 2", 4)]
    [InlineData("--preserve-fd 4", 4)]
    [InlineData("--preserve-fd 3,5", 5)]
    public void Descriptors_are_passed_on(string flag, int number)
        => Assert.Equal(
            "session",
            Podman.Session.Shell($"exec 3</etc/hostname 4</etc/hostname 5</etc/hostname; podman --runtime {Session.Runtime} run --rm --network none {flag} {Podman.Image} sh -c 'cat <&{number}'").Succeeded());

    [Fact]
    public void A_directory_can_be_the_root()
    {
        Podman.Session.Shell("mkdir -p /tmp/root && tar -C /tmp/root -xf /tmp/box.tar").Succeeded();
        Assert.Equal("from a directory", Podman.Says("run", "--rm", "--network", "none", "--rootfs", "/tmp/root:O", "echo", "from a directory"));
    }

    [Fact]
    public void Hooks_run_around_the_container()
    {
        Podman.Session.Shell("""
            mkdir -p /tmp/hooks
            printf '#!/bin/sh\necho "$1 $(grep -o "\\"status\\": *\\"[a-z]*\\"" | tr -d " ")" >>/tmp/hooks.out\n' >/tmp/hook
            chmod +x /tmp/hook; rm -f /tmp/hooks.out
            for stage in createRuntime poststart poststop; do
              echo '{"version":"1.0.0","hook":{"path":"/tmp/hook","args":["hook","'$stage'"]},"when":{"always":true},"stages":["'$stage'"]}' >/tmp/hooks/$stage.json
            done
            """).Succeeded();
        Podman.Says("--hooks-dir", "/tmp/hooks", "run", "--rm", "--network", "none", Podman.Image, "true");
        string[] told = Lines(File.ReadAllText(Podman.Session.PathOf("/tmp/hooks.out")).TrimEnd('\n'));
        Assert.Equal(["createRuntime", "poststart", "poststop"], told.Select(line => line.Split(' ')[0]));
        Assert.EndsWith("\"status\":\"stopped\"", told[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000)]
    public void A_long_variable_arrives(int length)
        => Assert.Equal($"{length}", Run(["--env", $"LONG={new string('x', length)}"], "sh", "-c", "echo ${#LONG}"));
}
