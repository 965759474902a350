namespace Containerception.Engine.Tests;

public sealed class PrivilegeTests : IDisposable
{
    private const string DockersFourteen = "00000000a80425fb";

    private readonly Cdock _cdock = new();

    [Fact]
    public void Root_has_dockers_fourteen_capabilities_and_inherits_none()
    {
        string status = _cdock.Says("cat /proc/self/status");

        Assert.Contains($"CapBnd:\t{DockersFourteen}", status, StringComparison.Ordinal);
        Assert.Contains($"CapEff:\t{DockersFourteen}", status, StringComparison.Ordinal);
        Assert.Contains("CapInh:\t0000000000000000", status, StringComparison.Ordinal);
        Assert.Contains("CapAmb:\t0000000000000000", status, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cap-drop ALL", "0000000000000000")]
    [InlineData("--cap-drop all --cap-add CHOWN", "0000000000000001")]
    [InlineData("--cap-add NET_ADMIN", "00000000a80435fb")]
    [InlineData("--cap-drop cap_mknod", "00000000a00425fb")]
    public void Capabilities_are_added_and_dropped(string flags, string expected)
        => Assert.Contains($"CapBnd:\t{expected}", _cdock.Says("cat /proc/self/status", flags.Split(' ')), StringComparison.Ordinal);

    [Fact]
    public void The_filter_forbids_new_namespaces_and_unconfined_allows_them()
    {
        Assert.Contains("Seccomp:\t2", _cdock.Says("cat /proc/self/status"), StringComparison.Ordinal);
        Assert.NotEqual(0, _cdock.Shell("unshare -U true").ExitCode);
        Assert.Contains("Seccomp:\t0", _cdock.Says("cat /proc/self/status", "--security-opt", "seccomp=unconfined"), StringComparison.Ordinal);
        Assert.Equal("", _cdock.Says("unshare -U true", "--security-opt", "seccomp=unconfined"));
    }

    [Fact]
    public void A_profile_of_ones_own_is_obeyed()
    {
        string profile = Path.Join(_cdock.Root, "profile.json");
        File.WriteAllText(profile, """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}""");

        Outcome outcome = _cdock.Shell("mkdir /tmp/x", "--security-opt", $"seccomp={profile}");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("not supported", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void New_privileges_are_possible_unless_forbidden()
    {
        Assert.Contains("NoNewPrivs:\t0", _cdock.Says("cat /proc/self/status"), StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", _cdock.Says("cat /proc/self/status", "--security-opt", "no-new-privileges"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_the_kernel_are_masked_or_read_only()
    {
        Assert.Equal("0", _cdock.Says("wc -c </proc/kcore || wc -c </dev/null"));
        Assert.NotEqual(0, _cdock.Shell("echo x >/proc/sysrq-trigger").ExitCode);
        Assert.NotEqual(0, _cdock.Shell("echo 1 >/proc/sys/vm/drop_caches").ExitCode);
        Assert.NotEqual(0, _cdock.Shell("mkdir /sys/fs/cgroup/x || touch /sys/kernel/x").ExitCode);
    }

    [Fact]
    public void Privileged_has_everything()
    {
        string said = _cdock.Says("cat /proc/self/status; mount -t tmpfs tmpfs /tmp && echo mounted; ls /dev", "--privileged");

        Assert.Contains("Seccomp:\t0", said, StringComparison.Ordinal);
        Assert.Contains("mounted", said, StringComparison.Ordinal);
        Assert.DoesNotContain($"CapEff:\t{DockersFourteen}", said, StringComparison.Ordinal);
        Assert.Contains("kmsg", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Mounting_is_not_allowed_otherwise() => Assert.NotEqual(0, _cdock.Shell("mount -t tmpfs tmpfs /tmp").ExitCode);

    [Fact]
    public void Devices_are_those_of_docker_and_those_asked_for()
    {
        Assert.Equal("console fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero",
            string.Join(' ', _cdock.Says("ls /dev").Split('\n').Append("console").Except(["core"]).Distinct().Order(StringComparer.Ordinal)));
        Assert.Equal("character special file 1 b", _cdock.Says("stat -c '%F %t %T' /dev/log-of-the-kernel",
            "--device", "/dev/kmsg:/dev/log-of-the-kernel:r"));
        Assert.NotEqual(0, _cdock.Shell("mknod /tmp/k c 1 11 && cat /tmp/k").ExitCode);
    }

    [Fact]
    public void Devices_are_allowed_by_their_numbers()
    {
        const string Kmsg = "mknod /tmp/kmsg c 1 11 && : < /tmp/kmsg && echo open";

        Assert.NotEqual(0, _cdock.Shell(Kmsg).ExitCode);
        Assert.Equal("open", _cdock.Says(Kmsg, "--device-cgroup-rule", "c 1:11 r", "--cap-add", "SYSLOG"));
    }

    [Fact]
    public void Users_of_ones_own_are_nobody_outside()
    {
        string map = _cdock.Says("cat /proc/self/uid_map; id -u; touch /tmp/x && echo wrote", "--userns", "auto");

        Assert.DoesNotContain("4294967295", map, StringComparison.Ordinal);
        Assert.EndsWith("\n0\nwrote", map, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();
}
