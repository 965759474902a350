using System.Text;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

public sealed class FeaturesTests
{
    [Fact]
    public void Features_are_the_object_that_engines_read()
    {
        Features features = new()
        {
            OciVersionMin = "1.0.0",
            OciVersionMax = "1.3.0",
            Hooks = ["prestart"],
            MountOptions = ["ro"],
            Namespaces = ["pid"],
            CgroupV1 = true,
            SeccompActions = ["SCMP_ACT_ALLOW"],
        };

        using JsonDocument json = JsonDocument.Parse(features.ToJson());
        JsonElement linux = json.RootElement.GetProperty("linux");
        Assert.Equal("1.0.0", json.RootElement.GetProperty("ociVersionMin").GetString());
        Assert.True(linux.GetProperty("cgroup").GetProperty("v1").GetBoolean());
        Assert.True(linux.GetProperty("seccomp").GetProperty("enabled").GetBoolean());
        Assert.False(linux.GetProperty("mountExtensions").GetProperty("idmap").GetProperty("enabled").GetBoolean());
        Assert.False(linux.GetProperty("apparmor").GetProperty("enabled").GetBoolean());
        Assert.False(linux.GetProperty("intelRdt").GetProperty("schemata").GetBoolean());
        Assert.StartsWith("{\n    \"ociVersionMin\": \"1.0.0\",\n", Encoding.UTF8.GetString(features.ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_capabilities_are_numbered_by_their_place()
    {
        Assert.Equal(21, Specification.Capabilities.IndexOf("CAP_SYS_ADMIN"));
        Assert.Equal(40, Specification.Capabilities.IndexOf("CAP_CHECKPOINT_RESTORE"));
    }
}
