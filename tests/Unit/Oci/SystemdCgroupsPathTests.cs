using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

public sealed class SystemdCgroupsPathTests
{
    [Theory]
    [InlineData("system.slice:runc:434234", "/system.slice/runc-434234.scope")]
    [InlineData(":cri:x", "/system.slice/cri-x.scope")]
    [InlineData("machine.slice::x", "/machine.slice/x.scope")]
    [InlineData("-.slice:a:b", "/a-b.scope")]
    [InlineData("kubepods-burstable-pod1.slice:cri:x", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-x.scope")]
    public void A_slice_is_a_directory_for_each_dash(string cgroupsPath, string path)
        => Assert.Equal(path, SystemdCgroupsPath.Parse(cgroupsPath, "system.slice").Path);

    [Fact]
    public void What_is_left_out_is_the_default()
        => Assert.Equal(("user.slice", "x.scope"), SystemdCgroupsPath.Parse("::x", "user.slice") is var path ? (path.Slice, path.Unit) : default);

    [Theory]
    [InlineData("/a/b")]
    [InlineData("a:b")]
    [InlineData("a:b:c:d")]
    [InlineData("system.slice:a:")]
    [InlineData("system:a:b")]
    [InlineData("a--b.slice:a:b")]
    [InlineData("../x.slice:a:b")]
    [InlineData("a.slice::b.slice")]
    public void Another_form_is_refused(string cgroupsPath)
        => Assert.StartsWith("linux.cgroupsPath: ", Assert.Throws<ConfigException>(() => SystemdCgroupsPath.Parse(cgroupsPath, "system.slice")).Message, StringComparison.Ordinal);
}
