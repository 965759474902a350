using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>linux.memoryPolicy, as numa_maps(5) tells it of a process's own memory.</summary>
public sealed class MemoryPolicyTests : ContainerTest
{
    [Theory]
    [InlineData("""{"mode": "MPOL_DEFAULT"}""", "default")]
    [InlineData("""{"mode": "MPOL_BIND", "nodes": "0"}""", "bind:0")]
    [InlineData("""{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}""", "bind=static:0")]
    [InlineData("""{"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}""", "interleave=relative:0")]
    [InlineData("""{"mode": "MPOL_PREFERRED", "nodes": "0"}""", "prefer:0")]
    [InlineData("""{"mode": "MPOL_PREFERRED"}""", "local")]
    [InlineData("""{"mode": "MPOL_LOCAL"}""", "local")]
    [InlineData("""{"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}""", "prefer (many):0")]
    [InlineData("""{"mode": "MPOL_INTERLEAVE", "nodes": "0"}""", "interleave:0")]
    public void The_policy_is_the_configured_one(string policy, string said)
    {
        Needs.PathTo("/proc/self/numa_maps");
        Config.Set("linux.memoryPolicy", JsonNode.Parse(policy));
        StartDetached("/bin/sh", "-c", "head -n 1 /proc/self/numa_maps >/dev/shm/maps; exec sleep 1000");
        Assert.Contains($" {said} ", Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/maps").Succeeded(), StringComparison.Ordinal);
        // A process that joins has it too.
        Assert.Contains($" {said} ", Runtime.Invoke("exec", Id, "/bin/head", "-n", "1", "/proc/self/numa_maps").Succeeded(), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_node_that_is_not_there_is_refused_with_a_hint()
    {
        Needs.PathTo("/proc/self/numa_maps");
        Config.Set("linux.memoryPolicy", JsonNode.Parse("""{"mode": "MPOL_BIND", "nodes": "1023"}"""));
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("set_mempolicy(", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("/sys/devices/system/node/online", outcome.Errors, StringComparison.Ordinal);
    }
}
