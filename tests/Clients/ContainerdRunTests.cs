namespace Containerception.Clients.Tests;

/// <summary>ctr run, through containerd-shim-runc-v2 with the runtime under test as its binary.</summary>
public sealed class ContainerdRunTests(Containerd containerd) : ContainerdTest(containerd)
{
    [Fact]
    public void A_container_says_what_its_command_says() => Assert.Equal("hello", Shell("echo hello"));

    [Theory]
    [InlineData(7, "exit 7")]
    [InlineData(143, "sh -c 'kill -TERM $$'; exit $?")]
    public void The_exit_status_is_the_commands(int status, string script) => Assert.Equal(status, Run([], "sh", "-c", script).Status);

    [Theory]
    [InlineData("nothing", "exec: \"nothing\": executable file not found in $PATH")]
    [InlineData("/bin/nothing", "no such file or directory")]
    [InlineData("/etc/passwd", "permission denied")]
    [InlineData("/etc", "is a directory")]
    public void Why_a_command_cannot_be_executed_comes_from_the_log_that_the_shim_reads(string command, string message)
    {
        Outcome outcome = Run([], command);

        Assert.Equal(1, outcome.Status);
        Assert.Contains("OCI runtime create failed", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(message, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Standard_input_goes_in()
        => Assert.Equal("asked", Containerd.Session.Shell(
            $"(echo asked; sleep 0.5) | ctr run --rm --runc-binary {Containerd.Binary} {Containerd.Image} one head -n1").Succeeded());

    [Fact]
    public void A_terminal_is_a_terminal()
    {
        Outcome outcome = Containerd.Session.Shell(
            $"script -qec \"ctr run --rm -t --runc-binary {Containerd.Binary} {Containerd.Image} one sh -c 'tty; exit 3'\" /dev/null </dev/null");

        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(3, outcome.Status);
    }

    [Theory]
    [InlineData("v 1234 50 hh", "echo $A $(id -u) $(id -g) $(hostname)", "--env", "A=v", "--user", "ann:staff", "--hostname", "hh")]
    [InlineData("/made/here", "pwd", "--cwd", "/made/here")]
    [InlineData("refused", "touch /f 2>/dev/null || echo refused", "--read-only")]
    [InlineData("1 0", "echo $(awk '/NoNewPrivs|Seccomp:/ { print $2 }' /proc/self/status)")]
    [InlineData("0 2", "echo $(awk '/NoNewPrivs|Seccomp:/ { print $2 }' /proc/self/status)", "--allow-new-privs", "--seccomp")]
    [InlineData("00000000a82425fa", "awk '/CapEff/ { print $2 }' /proc/self/status", "--cap-add", "CAP_SYS_ADMIN", "--cap-drop", "CAP_CHOWN")]
    [InlineData("session refused", "echo $(cat /host/hostname) $(touch /host/x 2>/dev/null || echo refused)", "--mount", "type=bind,src=/etc,dst=/host,options=rbind:ro")]
    [InlineData("64", "df -k /t | awk 'END { print $2 }'", "--mount", "type=tmpfs,src=tmpfs,dst=/t,options=size=64k")]
    [InlineData("a:e5", "stat -c %t:%T /dev/fuse", "--device", "/dev/fuse")]
    [InlineData("0 100000 65536", "echo $(cat /proc/self/uid_map)", "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536")]
    [InlineData("hello", "echo hello", "--no-pivot")]
    public void A_flag_has_its_effect(string expected, string script, params string[] flags) => Assert.Equal(expected, Shell(script, flags));

    [Fact]
    public void Privileged_has_every_capability_that_there_is()
        => Assert.Equal(Containerd.Session.Run("grep", "CapEff", "/proc/self/status").Succeeded(), Shell("grep CapEff /proc/self/status", "--privileged"));

    [Fact]
    public void Limits_are_what_was_asked_for()
    {
        Needs.CgroupV1("memory");
        Assert.Equal("33554432 50000 300 0", Shell(
            "cd /sys/fs/cgroup; echo $(cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus)",
            "--memory-limit", "33554432", "--cpus", "0.5", "--cpu-shares", "300", "--cpuset-cpus", "0",
            "--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro"));
    }

    [Fact]
    public void Too_much_memory_is_an_event()
    {
        using Command events = Containerd.Session.Start("timeout", "3", "ctr", "events");

        Assert.Equal(137, Run(["--memory-limit", "16777216"], "tail", "/dev/zero").Status);

        Assert.Contains("/tasks/oom", events.Wait().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_may_be_the_root()
    {
        Containerd.Session.Shell("mkdir -p /tmp/root && tar x -C /tmp/root -f /tmp/layer.tar").Succeeded();

        Assert.Equal("hello", Containerd.Says("run", "--rm", "--runc-binary", Containerd.Binary, "--rootfs", "/tmp/root", "one", "/bin/echo", "hello"));
    }
}
