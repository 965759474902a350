using System.Text;
using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

public sealed class DefaultConfigTests
{
    [Fact]
    public void The_default_is_that_of_runc_byte_for_byte()
        => Assert.Equal(Text(Golden.Bytes("runc-1.3.6-spec.json")), Text(DefaultConfig.Create().ToJson()));

    [Fact]
    public void The_rootless_default_is_that_of_runc_byte_for_byte()
        => Assert.Equal(Text(Golden.Bytes("runc-1.3.6-spec-rootless.json")), Text(DefaultConfig.CreateRootless(uid: 0, gid: 0).ToJson()));

    [Fact]
    public void The_defaults_are_valid()
    {
        ConfigValidation.Validate(DefaultConfig.Create());
        ConfigValidation.Validate(DefaultConfig.CreateRootless(1000, 1000, cgroupNamespace: true));
    }

    [Fact]
    public void A_cgroup_namespace_comes_last()
        => Assert.Equal("cgroup", DefaultConfig.Create(cgroupNamespace: true).Linux!.Namespaces[^1].Type);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
