using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class DeviceTests : ContainerTest
{
    [Theory]
    [InlineData("/dev/null", "1:3")]
    [InlineData("/dev/zero", "1:5")]
    [InlineData("/dev/full", "1:7")]
    [InlineData("/dev/random", "1:8")]
    [InlineData("/dev/urandom", "1:9")]
    [InlineData("/dev/tty", "5:0")]
    public void The_default_devices_are_there(string path, string number)
        => Assert.Equal($"character special file 666 0:0 {number}", Shell($"stat -c '%F %a %u:%g %t:%T' {path}").Succeeded());

    [Theory]
    [InlineData("/dev/fd", "/proc/self/fd")]
    [InlineData("/dev/stdin", "/proc/self/fd/0")]
    [InlineData("/dev/stdout", "/proc/self/fd/1")]
    [InlineData("/dev/stderr", "/proc/self/fd/2")]
    [InlineData("/dev/ptmx", "pts/ptmx")]
    public void The_links_of_dev_are_there(string path, string target) => Assert.Equal(target, Shell($"readlink {path}").Succeeded());

    [Fact]
    public void There_is_no_console_without_a_terminal() => Assert.NotEqual(0, Shell("test -e /dev/console").Status);

    // /dev/core is there where the kernel has /proc/kcore.
    [Fact]
    public void No_other_device_is_there()
        => Assert.Equal("fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero", Shell("echo $(ls /dev | grep -v ^core)").Succeeded());

    // podman says the type in fileMode too, as stat(2) does: 24960 is S_IFBLK and 0600.
    [Fact]
    public void A_device_of_the_config_is_made()
    {
        Config.Set("linux.devices", JsonNode.Parse("""
            [
              {"path": "/dev/my/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 416, "uid": 7, "gid": 8},
              {"path": "/dev/disk", "type": "b", "major": 7, "minor": 200, "fileMode": 24960},
              {"path": "/dev/pipe", "type": "p", "fileMode": 438}
            ]
            """));
        Assert.Equal(
            ["character special file 640 7:8 1:5", "block special file 600 0:0 7:c8", "fifo 666"],
            Shell("stat -c '%F %a %u:%g %t:%T' /dev/my/zero /dev/disk; stat -c '%F %a' /dev/pipe").Succeeded().Split('\n'));
    }

    [Theory]
    [InlineData("linux.resources", null)]
    [InlineData("linux.resources", "{}")]
    [InlineData("linux.resources.devices", "[]")]
    public void Without_rules_the_hosts_other_devices_are_forbidden(string path, string? json)
    {
        // The kernel's log: a device that every machine has.
        if (json is null)
        {
            Config.RemovePath(path);
        }
        else
        {
            Config.Set(path, JsonNode.Parse(json));
        }

        Config.WithManyCapabilities();
        Outcome outcome = Shell("mknod /dev/log c 1 11 && mknod /dev/nil c 1 5 && head -c 1 /dev/nil >/dev/null && echo opened; cat /dev/log");
        Assert.Equal("opened\n", outcome.Output);
        Assert.Contains("Operation not permitted", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_user_namespace_a_device_is_the_hosts_of_that_number_whatever_its_path()
    {
        Config.WithUserNamespace();
        Config.Set("linux.devices", JsonNode.Parse("""[{"path": "/dev/my/zero", "type": "c", "major": 1, "minor": 5}, {"path": "/dev/full", "type": "c", "major": 1, "minor": 3}]"""));
        Command.Run("chown", "-R", "100000:100000", Bundle.RootFs).Succeeded();
        Assert.Equal(["1:5", "1:3"], Shell("stat -c %t:%T /dev/my/zero /dev/full").Succeeded().Split('\n'));
    }

    [Fact]
    public void In_a_user_namespace_a_device_that_the_host_lacks_is_refused()
    {
        Config.WithUserNamespace();
        Config.Set("linux.devices", JsonNode.Parse("""[{"path": "/dev/null", "type": "b", "major": 7, "minor": 2000}]"""));
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("/dev/null: the host has no device b 7:2000", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_of_the_config_replaces_the_default_one()
    {
        Config.Set("linux.devices", JsonNode.Parse("""[{"path": "/dev/full", "type": "c", "major": 1, "minor": 7, "fileMode": 384}]"""));
        Assert.Equal("600", Shell("stat -c %a /dev/full").Succeeded());
    }

    [Fact]
    public void A_device_that_no_rule_allows_cannot_be_opened()
    {
        Needs.CgroupV1("devices");
        Config.WithManyCapabilities();
        Config.Set("root.readonly", false);
        Config.AddMount("/mnt", "tmpfs", "tmpfs");
        // A loop device: the file's mode lets root in, the device cgroup does not. EPERM.
        Config.Set("linux.resources.devices", JsonNode.Parse("""[{"allow": false, "access": "rwm"}, {"allow": true, "type": "b", "access": "m"}]"""));
        Assert.Equal("1", Shell("mknod /mnt/loop b 7 200 && /bin/probe try-open /mnt/loop r").Succeeded());
    }

    [Fact]
    public void A_device_that_a_rule_allows_can_be_opened()
    {
        Needs.CgroupV1("devices");
        Config.WithManyCapabilities();
        Config.AddMount("/mnt", "tmpfs", "tmpfs");
        Config.Set("linux.resources.devices", JsonNode.Parse("""
            [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "m"}, {"allow": true, "type": "c", "major": 1, "minor": 200, "access": "r"}]
            """));
        // There is no such device, and that the kernel says so (ENXIO) shows that the cgroup let it ask.
        Assert.Equal(["6", "1"], Shell("mknod /mnt/k c 1 200 && /bin/probe try-open /mnt/k r && /bin/probe try-open /mnt/k w").Succeeded().Split('\n'));
    }

    // Whoever configures networks in a container makes the device of its tunnels, and no engine's rules mention it.
    [Fact]
    public void The_device_of_tunnels_is_allowed_whatever_the_rules()
    {
        Needs.CgroupV1("devices");
        Needs.PathTo("/dev/net/tun");
        Config.WithManyCapabilities();
        Config.AddMount("/mnt", "tmpfs", "tmpfs");
        Config.Set("linux.resources.devices", JsonNode.Parse("""[{"allow": false, "access": "rwm"}]"""));
        Assert.Equal("ok", Shell("mknod /mnt/tun c 10 200 && /bin/probe try-open /mnt/tun w").Succeeded());
    }

    [Fact]
    public void Making_a_device_that_no_rule_allows_is_refused()
    {
        Needs.CgroupV1("devices");
        Config.WithManyCapabilities();
        Config.AddMount("/mnt", "tmpfs", "tmpfs");
        Config.Set("linux.resources.devices", JsonNode.Parse("""[{"allow": false, "access": "rwm"}]"""));
        // runc allows mknod of any device for build tools' sake; the default rules of the specification's example are "rwm".
        Assert.Equal("1", Shell("mknod /mnt/loop b 7 201; /bin/probe try-open /mnt/loop r").Succeeded());
    }
}
