namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman run with what it may and may not.</summary>
public sealed class SecurityTests(Podman podman) : PodmanTest(podman)
{
    // podman's own: chown dac_override fowner fsetid kill net_bind_service setfcap setgid setpcap setuid sys_chroot.
    private const string Default = "00000000800405fb";
    private const string NetRaw = "0000000000002000";

    [Theory]
    [InlineData("CapEff", Default)]
    [InlineData("CapBnd", Default)]
    [InlineData("CapEff", NetRaw, "--cap-drop", "all", "--cap-add", "net_raw")]
    [InlineData("CapAmb", NetRaw, "--cap-drop", "all", "--cap-add", "net_raw", "--user", "ann")]
    [InlineData("CapEff", "0000000000000000", "--user", "ann")]
    [InlineData("NoNewPrivs", "0")]
    [InlineData("NoNewPrivs", "1", "--security-opt", "no-new-privileges")]
    [InlineData("Seccomp", "2")]
    [InlineData("Seccomp", "0", "--security-opt", "seccomp=unconfined")]
    [InlineData("Seccomp", "0", "--privileged")]
    public void The_process_has_what_it_was_given(string field, string value, params string[] flags)
        => Assert.Equal(value, Shell($"grep {field}: /proc/self/status | cut -f2", flags));

    [Fact]
    public void A_profile_refuses_a_call_with_its_errno()
    {
        File.WriteAllText(Podman.Session.PathOf("/tmp/profile.json"), """
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
            """);
        Assert.Contains("No space left", TryShell("mkdir /tmp/x", "--security-opt", "seccomp=/tmp/profile.json").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_privileged_container_has_all_capabilities_and_devices()
    {
        string[] said = Lines(Shell("grep CapEff /proc/self/status | cut -f2; ls -l /dev/kmsg /dev/fuse | cut -c1-10; grep -c ' /proc/sys' /proc/self/mountinfo || :", "--privileged"));
        Assert.Equal([Podman.Session.Shell("grep CapBnd /proc/self/status | cut -f2").Succeeded(), "crw-------", "crw-r--r--", "0"], said);
    }

    [Fact]
    public void A_device_is_there_as_far_as_it_was_given()
    {
        Outcome outcome = TryShell("stat -c '%F %a' /dev/given; : </dev/given && echo read; : >/dev/given", "--device", "/dev/kmsg:/dev/given:r", "--cap-add", "syslog");
        Assert.Equal(["character special file 644", "read"], Lines(outcome.Output.TrimEnd('\n')));
        Assert.Contains("Operation not permitted", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_lets_a_device_be_made_and_opened()
        => Assert.Equal("ok", Shell("mknod /tmp/kmsg c 1 11 && : </tmp/kmsg && echo ok", "--device-cgroup-rule", "c 1:11 rwm", "--cap-add", "mknod,syslog"));

    [Fact]
    public void Without_a_rule_a_device_is_not_opened() => Assert.NotEqual(0, TryShell("mknod /tmp/kmsg c 1 11 && : </tmp/kmsg", "--cap-add", "mknod,syslog").Status);

    [Fact]
    public void What_is_masked_cannot_be_read_and_the_rest_of_proc_not_be_written()
    {
        Assert.Equal(["0", "0"], Lines(Shell("cat /proc/keys | wc -c; ls /sys/firmware | wc -l")));
        Assert.Contains("Read-only file system", TryShell("echo 1 >/proc/sys/vm/swappiness").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void More_can_be_masked() => Assert.Equal(["0", "0"], Lines(Shell("wc -c </etc/passwd; ls /home | wc -l", "--security-opt", "mask=/etc/passwd:/home")));

    [Fact]
    public void Masks_can_be_taken_away() => Assert.NotEqual("0", Shell("ls /sys/firmware | wc -l", "--security-opt", "unmask=ALL"));

    [Fact]
    public void Limits_of_the_process_are_set()
        => Assert.Equal(["100", "200", "0"], Lines(Shell("ulimit -n; ulimit -Hn; ulimit -c", "--ulimit", "nofile=100:200", "--ulimit", "core=0")));

    [Fact]
    public void Sysctls_are_set()
        => Assert.Equal(["1", "1000000"], Lines(Shell("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.shmmax=1000000")));

    [Fact]
    public void The_killer_of_memory_is_told_whom_to_prefer() => Assert.Equal("500", Run(["--oom-score-adj", "500"], "cat", "/proc/self/oom_score_adj"));

    [Fact]
    public void The_machine_can_be_said_to_be_another() => Assert.Equal("i686", Run(["--personality", "LINUX32"], "uname", "-m"));
}
