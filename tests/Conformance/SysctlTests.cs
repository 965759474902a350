using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Sysctls: those of the container's own namespaces, and no others.</summary>
public sealed class SysctlTests : ContainerTest
{
    [Theory]
    [InlineData("kernel.msgmnb", "12345")]
    [InlineData("kernel/shmmni", "77")]
    [InlineData("fs.mqueue.msg_max", "21")]
    [InlineData("fs/mqueue/queues_max", "22")]
    [InlineData("net.ipv4.conf.lo.forwarding", "1")]
    [InlineData("net/ipv4/ip_local_reserved_ports", "8080")]
    [InlineData("kernel.domainname", "example.org")]
    public void One_of_the_containers_own_is_set(string key, string value)
    {
        Config.Set("linux.sysctl", new JsonObject { [key] = value });
        Assert.Equal(value, Probe("read", "/proc/sys/" + key.Replace('.', '/')));
    }

    [Fact]
    public void One_of_a_user_namespace_is_set()
    {
        Config.WithUserNamespace();
        Config.Set("linux.sysctl", new JsonObject { ["user.max_inotify_instances"] = "17" });
        Assert.Equal("17", Probe("read", "/proc/sys/user/max_inotify_instances"));
    }

    [Theory]
    [InlineData("network", "net.ipv4.ip_forward")]
    [InlineData("network", "net/ipv4/ip_forward")]
    [InlineData("ipc", "kernel.shmmni")]
    [InlineData("ipc", "fs.mqueue.msg_max")]
    [InlineData("uts", "kernel.domainname")]
    public void One_of_the_hosts_is_refused_by_whatever_path_it_comes(string type, string key)
    {
        Config.RemovePath("hostname");
        Config.WithNamespace(type, "/proc/self/ns/" + (type == "network" ? "net" : type));
        // What is there already: a runtime that takes it shall not change the machine.
        string value = File.ReadAllText("/proc/sys/" + key.Replace('.', '/')).Trim();
        Config.Set("linux.sysctl", new JsonObject { [key] = value });
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("sysctl", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("not allowed in host", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_of_a_namespace_that_is_joined_is_set()
    {
        using Process other = Process.Start("unshare", ["--net", "sleep", "1000"]);
        try
        {
            string own = new FileInfo("/proc/self/ns/net").LinkTarget!;
            WaitFor(() => new FileInfo($"/proc/{other.Id}/ns/net").LinkTarget != own, "a network namespace");
            Config.WithNamespace("network", $"/proc/{other.Id}/ns/net");
            Config.Set("linux.sysctl", new JsonObject { ["net.ipv4.ip_forward"] = "1" });
            Assert.Equal("1", Probe("read", "/proc/sys/net/ipv4/ip_forward"));
        }
        finally
        {
            other.Kill();
        }
    }
}
