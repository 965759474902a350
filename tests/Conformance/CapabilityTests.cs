using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class CapabilityTests : ContainerTest
{
    [Fact]
    public void Each_of_the_five_sets_is_the_configured_one()
    {
        Config.Set("process.capabilities", JsonNode.Parse("""
            {
              "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"],
              "permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
              "effective": ["CAP_CHOWN", "CAP_KILL"],
              "inheritable": ["CAP_NET_RAW"],
              "ambient": ["CAP_NET_RAW"]
            }
            """));
        // root would get all of the bounding set at execve; an ordinary user keeps the ambient ones.
        Config.Set("process.user", JsonNode.Parse("""{"uid": 1000, "gid": 1000}"""));
        JsonNode sets = ProbeJson("caps");
        Assert.Equal(["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"], sets["bounding"].Strings());
        Assert.Equal(["CAP_NET_RAW"], sets["permitted"].Strings());
        Assert.Equal(["CAP_NET_RAW"], sets["effective"].Strings());
        Assert.Equal(["CAP_NET_RAW"], sets["inheritable"].Strings());
        Assert.Equal(["CAP_NET_RAW"], sets["ambient"].Strings());
    }

    [Fact]
    public void Root_has_the_bounding_set_after_execve()
    {
        Config.WithCapabilities("CAP_CHOWN", "CAP_KILL");
        JsonNode sets = ProbeJson("caps");
        Assert.Equal(["CAP_CHOWN", "CAP_KILL"], sets["effective"].Strings());
        Assert.Equal(["CAP_CHOWN", "CAP_KILL"], sets["permitted"].Strings());
        Assert.Empty(sets["inheritable"].Strings());
        Assert.Empty(sets["ambient"].Strings());
    }

    [Fact]
    public void An_ordinary_user_has_none()
    {
        Config.Set("process.user", JsonNode.Parse("""{"uid": 1000, "gid": 1000}"""));
        JsonNode sets = ProbeJson("caps");
        Assert.Empty(sets["effective"].Strings());
        Assert.Empty(sets["permitted"].Strings());
    }

    [Fact]
    public void One_that_nobody_knows_is_left_out_with_a_warning()
    {
        Config.WithCapabilities("CAP_CHOWN", "CAP_TIME_TRAVEL");
        Outcome outcome = RunArgs("/bin/probe", "caps");
        Assert.Equal(["CAP_CHOWN"], JsonNode.Parse(outcome.Succeeded())!["bounding"].Strings());
        Assert.Contains("ignoring unknown or unavailable capabilities: [CAP_TIME_TRAVEL]", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_ambient_one_that_is_not_inheritable_is_left_out_with_a_warning()
    {
        Config.WithCapabilities("CAP_CHOWN", "CAP_KILL");
        Config.SetWords("process.capabilities.ambient", "CAP_KILL");
        Outcome outcome = RunArgs("/bin/probe", "caps");
        Assert.Empty(JsonNode.Parse(outcome.Succeeded())!["ambient"].Strings());
        Assert.Contains("can't raise ambient capability CAP_KILL", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_list_there_are_none()
    {
        Config.Set("process.capabilities", new JsonObject());
        JsonNode sets = ProbeJson("caps");
        Assert.All((string[])["bounding", "effective", "permitted", "inheritable", "ambient"], set => Assert.Empty(sets[set].Strings()));
    }

    [Theory]
    [InlineData("CAP_CHOWN", "chown 1:1 /tmp/f")]
    [InlineData("CAP_MKNOD", "mknod /tmp/null c 1 3")]
    [InlineData("CAP_SYS_ADMIN", "mount -t tmpfs none /mnt")]
    [InlineData("CAP_SYS_CHROOT", "chroot / /bin/true")]
    public void What_a_capability_allows_is_refused_without_it(string capability, string command)
    {
        Config.Set("root.readonly", false);
        string script = $"touch /tmp/f; /bin/busybox {command}";
        Config.WithCapabilities(capability);
        Shell(script).Succeeded();
        Config.WithCapabilities("CAP_AUDIT_WRITE");
        File.Delete(Bundle.InRoot("/tmp/null"));
        Assert.NotEqual(0, Shell(script).Status);
    }
}
