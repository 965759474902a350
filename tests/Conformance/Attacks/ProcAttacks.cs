using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>An image that has a /proc, /sys or /dev/null of its own making, so that what the runtime writes or hides there is not what it thinks.</summary>
public sealed class ProcAttacks : ContainerTest
{
    [Theory]
    [InlineData("/proc", "elsewhere")]
    [InlineData("/sys", "elsewhere")]
    [InlineData("/proc", "/elsewhere")]
    [InlineData("/sys", "proc")]
    public void CVE_2019_19921_and_2023_27561_a_link_in_place_of_a_mount_point_of_the_kernel(string path, string target)
    {
        Directory.Delete(Bundle.InRoot(path));
        Directory.CreateDirectory(Bundle.InRoot("/elsewhere"));
        File.CreateSymbolicLink(Bundle.InRoot(path), target);
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Theory]
    [InlineData("tmpfs", "tmpfs")]
    [InlineData("bind", "/etc")]
    public void CVE_2019_16884_something_else_in_place_of_proc(string type, string source)
    {
        Config.RemoveMount("/proc");
        Config.AddMount("/proc", type, source, type == "bind" ? ["bind"] : []);
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Theory]
    [InlineData("/proc/sys/kernel/core_pattern")]
    [InlineData("/proc/sysrq-trigger")]
    [InlineData("/proc/kcore/x")]
    [InlineData("/proc/self/attr")]
    [InlineData("/proc/../proc/self/attr/")]
    public void CVE_2019_16884_a_mount_over_the_kernels_own_files(string destination)
    {
        Config.AddMount(destination, "tmpfs", "tmpfs");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Theory]
    [InlineData("tmpfs", "tmpfs", "/mnt/link/attr")]
    [InlineData("bind", "/etc", "/mnt/link/attr")]
    [InlineData("cgroup", "cgroup", "/mnt/link/attr")]
    [InlineData("tmpfs", "tmpfs", "/mnt/link")]
    public void CVE_2023_28642_a_mount_into_proc_through_a_link(string type, string source, string destination)
    {
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), "/proc/1");
        Config.AddMount(destination, type, source, type == "bind" ? ["bind"] : []);
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void CVE_2025_31133_a_link_in_place_of_a_masked_path()
    {
        File.WriteAllText(Bundle.InRoot("/etc/target"), "of the container");
        File.CreateSymbolicLink(Bundle.InRoot("/etc/masked"), "/dev/null");
        Config.Set("linux.maskedPaths", new JsonArray("/etc/masked"));
        Outcome outcome = Shell("stat -c '%F' /dev/null; cat /etc/target");
        Assert.True(outcome.Status != 0 || outcome.Output.Contains("of the container", StringComparison.Ordinal), outcome.ToString());
    }

    /// <summary>What masks a file must be the host's null device, whatever the image calls /dev/null.</summary>
    [Theory]
    [InlineData("file")]
    [InlineData("/etc/other")]
    [InlineData("/proc/sys/kernel/core_pattern")]
    public void CVE_2025_31133_another_file_in_place_of_dev_null(string what)
    {
        Config.RemoveMount("/dev");
        Config.RemoveMount("/dev/pts");
        Config.RemoveMount("/dev/shm");
        Config.RemoveMount("/dev/mqueue");
        File.WriteAllText(Bundle.InRoot("/etc/hidden"), "secret");
        File.WriteAllText(Bundle.InRoot("/etc/other"), "of the image");
        if (what == "file")
        {
            File.WriteAllText(Bundle.InRoot("/dev/null"), "of the image");
        }
        else
        {
            File.CreateSymbolicLink(Bundle.InRoot("/dev/null"), what);
        }

        Config.Set("linux.maskedPaths", new JsonArray("/etc/hidden"));
        Assert.Equal("character special file 1 3", Shell("stat -c '%F %t %T' /etc/hidden").Succeeded());
        Assert.Equal("0", Shell("cat /etc/hidden | wc -c").Succeeded());
    }

    /// <summary>Files of the image where the runtime would write if it went through the container's /proc; the real ones are mounted elsewhere.</summary>
    [Fact]
    public void CVE_2025_52881_files_of_the_image_in_place_of_what_the_runtime_writes()
    {
        string[] faked = ["/proc/sys/net/ipv4/ip_forward", "/proc/self/oom_score_adj", "/proc/self/uid_map", "/proc/self/timens_offsets"];
        foreach (string path in faked)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Bundle.InRoot(path))!);
            File.WriteAllText(Bundle.InRoot(path), "fake");
        }

        Config.RemoveMount("/proc");
        Config.AddMount("/mnt", "proc", "proc");
        Config.Set("linux.maskedPaths", new JsonArray());
        Config.Set("linux.readonlyPaths", new JsonArray());
        Config.Set("linux.sysctl", JsonNode.Parse("""{"net.ipv4.ip_forward": "1"}"""));
        Config.Set("process.oomScoreAdj", 500);
        Assert.Equal("1 500", Shell("echo $(cat /mnt/sys/net/ipv4/ip_forward /mnt/self/oom_score_adj)").Succeeded());
        Assert.All(faked, path => Assert.Equal("fake", File.ReadAllText(Bundle.InRoot(path))));
    }

    /// <summary>In a mount namespace that is joined, /proc is whatever its owner has put there.</summary>
    [Fact]
    public void CVE_2025_52881_a_mount_namespace_with_another_proc()
    {
        string gadget = Path.Combine(Scratch, "gadget");
        File.WriteAllText(gadget, "fake");
        string ready = Path.Combine(Scratch, "ready");
        using Command holder = new(["unshare", "--mount", "/bin/sh", "-c",
            $"cd {Scratch}; mkdir -p fake/sys/net/ipv4 && ln -s {gadget} fake/sys/net/ipv4/ip_forward && mount --bind fake /proc && touch {ready} && exec sleep 1000"]);
        WaitFor(() => File.Exists(ready), "the mount namespace");
        Config.WithNamespace("mount", $"/proc/{holder.Pid}/ns/mnt");
        Config.Set("linux.sysctl", JsonNode.Parse("""{"net.ipv4.ip_forward": "1"}"""));
        Outcome outcome = RunArgs("/bin/cat", "/proc/sys/net/ipv4/ip_forward");
        Assert.Equal("fake", File.ReadAllText(gadget));
        Assert.True(outcome.Status != 0 || outcome.Output == "1\n", outcome.ToString());
    }

    [Theory]
    [InlineData("kernel.shm_rmid_forced", "1+kernel.core_pattern=|/evil", false)]
    [InlineData("kernel.shm_rmid_forced", "1\nkernel.core_pattern=|/evil", false)]
    [InlineData("kernel.shm_rmid_forced+kernel.core_pattern", "|/evil", false)]
    [InlineData("net.ipv4.../../kernel/core_pattern", "|/evil", false)]
    [InlineData("net/../kernel/core_pattern", "|/evil", false)]
    [InlineData("/proc/sys/kernel/core_pattern", "|/evil", false)]
    [InlineData("net//../kernel.core_pattern", "|/evil", false)]
    [InlineData("kernel/core_pattern", "|/evil", false)]
    [InlineData("net.ipv4.ip_forward ", "1", false)]
    [InlineData("net.", "1", false)]
    [InlineData("", "1", false)]
    [InlineData("net/ipv4/ip_forward", "1", true)]
    public void CVE_2022_0811_a_sysctl_is_one_name_and_one_value(string name, string value, bool isGood)
    {
        Config.Set("linux.sysctl", new JsonObject { [name] = value });
        Outcome outcome = RunArgs("/bin/true");
        Assert.True(outcome.Status == 0 == isGood, outcome.ToString());
        Assert.DoesNotContain("evil", File.ReadAllText("/proc/sys/kernel/core_pattern"), StringComparison.Ordinal);
    }

    /// <summary>A network namespace is named, but it is the host's: the sysctl would be too.</summary>
    [Fact]
    public void CVE_2022_0811_a_sysctl_of_the_hosts_own_network_namespace()
    {
        string before = File.ReadAllText("/proc/sys/net/ipv4/ip_forward");
        Config.WithNamespace("network", "/proc/self/ns/net");
        Config.Set("linux.sysctl", new JsonObject { ["net.ipv4.ip_forward"] = before.StartsWith('1') ? "0" : "1" });
        Outcome outcome = RunArgs("/bin/true");
        string after = File.ReadAllText("/proc/sys/net/ipv4/ip_forward");
        File.WriteAllText("/proc/sys/net/ipv4/ip_forward", before);
        Assert.Equal(before, after);
        Assert.NotEqual(0, outcome.Status);
    }
}
