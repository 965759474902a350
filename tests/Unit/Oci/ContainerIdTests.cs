using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

public sealed class ContainerIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("A_b+c-d.9")]
    [InlineData("...")]
    [InlineData("-x")]
    public void What_runc_takes_is_taken(string id) => Assert.Equal(id, ContainerId.Parse(id).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("é")]
    [InlineData("a\n")]
    [InlineData("a\0")]
    public void What_could_leave_the_directory_is_refused(string id)
        => Assert.Equal("invalid container ID format", Assert.Throws<ConfigException>(() => ContainerId.Parse(id)).Message);

    [Fact]
    public void An_id_has_at_most_1024_letters()
    {
        Assert.True(ContainerId.TryParse(new string('a', 1024), out _));
        Assert.False(ContainerId.TryParse(new string('a', 1025), out _));
    }
}
