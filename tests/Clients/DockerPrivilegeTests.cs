namespace Containerception.Clients.Tests;

/// <summary>Capabilities, seccomp, devices, sysctls, and what of /proc and /sys is kept from a container.</summary>
public sealed class DockerPrivilegeTests(Docker docker) : DockerTest(docker)
{
    private const string Capabilities = "awk '/CapEff|CapBnd/ { print $2 }' /proc/self/status";

    [Theory]
    [InlineData("00000000a80425fb")]
    [InlineData("00000000a82425fa", "--cap-add", "SYS_ADMIN", "--cap-drop", "CHOWN")]
    [InlineData("0000000000000000", "--cap-drop", "ALL")]
    [InlineData("0000000000000400", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE")]
    public void It_has_the_capabilities_that_it_was_given(string mask, params string[] flags)
        => Assert.Equal($"{mask}\n{mask}", Shell(Capabilities, flags));

    [Fact]
    public void A_user_has_none_in_effect()
        => Assert.Equal("0000000000000000\n00000000a80435fb", Shell(Capabilities, "--user", "ann", "--cap-add", "NET_ADMIN"));

    [Fact]
    public void Privileged_is_everything()
        => Assert.Equal("0 a *:* rwm 1", Shell(
            "echo $(awk '/^Seccomp:/ { print $2 }' /proc/self/status) $(cat /sys/fs/cgroup/devices/devices.list) $(mount -t tmpfs x /tmp && grep -c ' /tmp ' /proc/mounts)",
            "--privileged"));

    [Theory]
    [InlineData("0 2")]
    [InlineData("0 0", "--security-opt", "seccomp=unconfined")]
    [InlineData("1 2", "--security-opt", "no-new-privileges")]
    public void The_filter_and_no_new_privileges_are_set(string state, params string[] flags)
        => Assert.Equal(state, Shell("echo $(awk '/NoNewPrivs|Seccomp:/ { print $2 }' /proc/self/status)", flags));

    [Fact]
    public void The_filter_of_docker_filters()
        => Assert.Equal("unshare: unshare(0x10000000): Operation not permitted", Docker.Do(
            "run", "--rm", "--network", "none", Docker.Image, "unshare", "--user", "true").Errors.Trim());

    [Fact]
    public void A_filter_of_the_users_filters()
    {
        File.WriteAllText(Docker.Session.PathOf("/tmp/filter.json"), """
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
            """);

        Outcome outcome = Docker.Do("run", "--rm", "--network", "none", "--security-opt", "seccomp=/tmp/filter.json", Docker.Image, "mkdir", "/x");

        Assert.Contains("Function not implemented", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_proc_and_sys_are_hidden_or_read_only()
    {
        Assert.Equal("0 refused", Shell("echo $(wc -c </proc/timer_list) $(echo x 2>/dev/null >/proc/sysrq-trigger || echo refused) $(ls /sys/firmware)"));
        Assert.Equal("/proc", Shell("echo $(awk '$2 ~ \"^/proc\" { print $2 }' /proc/mounts)", "--security-opt", "systempaths=unconfined"));
    }

    [Fact]
    public void A_device_of_the_host_is_there_and_may_be_used_as_was_said()
    {
        Needs.PathTo("/dev/fuse");
        Needs.CgroupV1("devices");
        Assert.Equal("a:e5 c 10:229 rw", Shell(
            "echo $(stat -c %t:%T /dev/mine) $(grep 10:229 /sys/fs/cgroup/devices/devices.list)", "--device", "/dev/fuse:/dev/mine:rw"));
    }

    [Fact]
    public void A_rule_for_devices_is_a_rule()
    {
        Needs.CgroupV1("devices");
        Assert.Equal("c 42:* rwm", Run(["--device-cgroup-rule", "c 42:* rwm"], "grep", "42", "/sys/fs/cgroup/devices/devices.list"));
    }

    [Fact]
    public void The_device_of_tunnels_may_be_made_and_used()
    {
        Needs.PathTo("/dev/net/tun");
        Assert.Equal("opened", Shell("mknod /tmp/tun c 10 200 && exec 3<>/tmp/tun && echo opened"));
    }

    [Fact]
    public void Kernel_parameters_of_its_namespaces_are_set()
        => Assert.Equal("1 4096", Shell(
            "echo $(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=4096"));
}
