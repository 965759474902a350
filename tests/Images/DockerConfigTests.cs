namespace Containerception.Images.Tests;

/// <summary>docker's config.json, as others have written it.</summary>
public sealed class DockerConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("docker-").FullName;

    [Theory]
    [InlineData("""{"auth":"YW5uYTpnZWhlaW0="}""", "anna", "geheim")]
    [InlineData("""{"auth":"YW5uYTo=","identitytoken":"t0ken"}""", Credentials.TokenUser, "t0ken")]
    [InlineData("""{"identitytoken":"t0ken"}""", Credentials.TokenUser, "t0ken")]
    [InlineData("""{"auth":"YW5uYTpnZWhlaW0=","identitytoken":""}""", "anna", "geheim")]
    [InlineData("""{"auth":"YW5uYTpnZWhlaW0=","identitytoken":null}""", "anna", "geheim")]
    public void A_password_or_a_token_is_found(string entry, string user, string password)
    {
        Assert.Equal(new Credentials(user, password), Find("a.example", $$$"""{"auths":{"a.example":{{{entry}}}}}"""));
        Assert.Equal(new Credentials(user, password), Find("a.example", $$$"""{"auths":{"https://a.example/v1/":{{{entry}}}}}"""));
        Assert.Equal(new Credentials(user, password), Find("docker.io", $$$"""{"auths":{"https://index.docker.io/v1/":{{{entry}}}}}"""));
        Assert.Null(Find("b.example", $$$"""{"auths":{"a.example":{{{entry}}}}}"""));
    }

    [Theory]
    [InlineData("""{"identitytoken":7}""")]
    [InlineData("""{"auth":"YW5uYQ=="}""")]
    [InlineData("""{"auth":"%"}""")]
    public void An_entry_that_makes_no_sense_is_told(string entry)
        => Assert.Equal(ImageFailure.Invalid, Assert.Throws<ImageException>(() => Find("a.example", $$$"""{"auths":{"a.example":{{{entry}}}}}""")).Failure);

    private Credentials? Find(string registry, string text)
    {
        string file = Path.Join(_folder, "config.json");
        File.WriteAllText(file, text);
        return new DockerConfigFile(file).Find(registry);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
