using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class RootFsTests : ContainerTest
{
    [Fact]
    public void The_root_of_the_container_is_its_root_file_system()
    {
        File.WriteAllText(Bundle.InRoot("/etc/here"), "");
        Assert.Equal("bin dev etc mnt proc sys tmp", Shell("echo $(ls /)").Succeeded());
        Assert.Equal("here", Shell("ls /etc").Succeeded());
    }

    [Fact]
    public void There_is_nothing_above_the_root() => Assert.Equal("bin", Shell("cd /../../..; ls | head -1").Succeeded());

    [Fact]
    public void A_read_only_root_cannot_be_written()
    {
        Config.Set("root.readonly", true);
        Assert.Equal("30", Probe("try-open", "/etc/file", "wc"));
    }

    [Fact]
    public void A_writable_root_can_be_written()
    {
        Config.Set("root.readonly", false);
        Assert.Equal("ok", Probe("try-open", "/etc/file", "wc"));
        Assert.True(File.Exists(Bundle.InRoot("/etc/file")));
    }

    [Fact]
    public void The_root_may_be_given_as_an_absolute_path()
    {
        Config.Set("root.path", Bundle.RootFs);
        Probe("cwd");
    }

    [Fact]
    public void A_root_that_does_not_exist_is_named()
    {
        Config.Set("root.path", "nowhere");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("nowhere", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("private")]
    [InlineData("rprivate")]
    [InlineData("slave")]
    [InlineData("rslave")]
    [InlineData("shared")]
    [InlineData("rshared")]
    [InlineData("unbindable")]
    public void Propagation_of_the_root_can_be_chosen(string propagation)
    {
        Config.Set("linux.rootfsPropagation", propagation);
        string tags = Shell("grep ' / / ' /proc/self/mountinfo || grep '/rootfs / ' /proc/self/mountinfo").Succeeded();
        bool shared = tags.Contains("shared:", StringComparison.Ordinal);
        Assert.Equal(propagation.EndsWith("shared", StringComparison.Ordinal), shared);
    }

    [Fact]
    public void Without_pivot_root_it_works_too()
    {
        Config.Set("process.args", new JsonArray("/bin/ls", "/"));
        Assert.Contains("bin\n", Run("--no-pivot").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proc/version")]
    [InlineData("/proc/filesystems")]
    [InlineData("/etc/hidden")]
    public void A_masked_file_is_empty(string path)
    {
        File.WriteAllText(Bundle.InRoot("/etc/hidden"), "secret");
        Config.Set("linux.maskedPaths", new JsonArray(path));
        Assert.Equal("0", Shell($"cat {path} | wc -c").Succeeded());
    }

    [Fact]
    public void A_masked_folder_is_empty_and_read_only()
    {
        Directory.CreateDirectory(Bundle.InRoot("/etc/hidden"));
        File.WriteAllText(Bundle.InRoot("/etc/hidden/file"), "secret");
        Config.Set("root.readonly", false);
        Config.Set("linux.maskedPaths", new JsonArray("/etc/hidden"));
        Assert.Equal("", Shell("ls -A /etc/hidden").Succeeded());
        Assert.Equal("30", Probe("try-open", "/etc/hidden/new", "wc"));
    }

    [Fact]
    public void A_masked_path_that_does_not_exist_is_passed_over()
    {
        Config.Set("linux.maskedPaths", new JsonArray("/nowhere", "/etc/nothing"));
        Probe("cwd");
    }

    [Fact]
    public void A_read_only_path_cannot_be_written()
    {
        Config.Set("root.readonly", false);
        Directory.CreateDirectory(Bundle.InRoot("/etc/fixed"));
        Config.Set("linux.readonlyPaths", new JsonArray("/etc/fixed", "/proc/sys", "/nowhere"));
        Assert.Equal("30", Probe("try-open", "/etc/fixed/file", "wc"));
        Assert.Equal("30", Probe("try-open", "/proc/sys/kernel/hostname", "w"));
        Assert.Equal("ok", Probe("try-open", "/etc/other", "wc"));
    }

    [Fact]
    public void A_sysctl_of_a_namespace_is_set()
    {
        Config.Set("linux.sysctl", JsonNode.Parse("""{"net.ipv4.ip_forward": "1", "kernel.shmmax": "12345"}"""));
        Assert.Equal("1", Probe("read", "/proc/sys/net/ipv4/ip_forward"));
        Assert.Equal("12345", Probe("read", "/proc/sys/kernel/shmmax"));
    }

    [Theory]
    [InlineData("kernel.panic")]
    [InlineData("vm.swappiness")]
    [InlineData("kernel.core_pattern")]
    public void A_sysctl_of_the_whole_machine_is_refused(string name)
    {
        Config.Set("linux.sysctl", new JsonObject { [name] = "1" });
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }
}
