namespace Containerception.Images.Tests;

/// <summary>Names of images, as docker's users write them.</summary>
public sealed class ReferenceTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest", "busybox:latest")]
    [InlineData("docker.io/busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36")]
    [InlineData("index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest")]
    [InlineData("anna/app", "docker.io/anna/app:latest", "anna/app:latest")]
    [InlineData("localhost/app:v1", "localhost/app:v1", "localhost/app:v1")]
    [InlineData("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest")]
    [InlineData("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest")]
    [InlineData("quay.io/a/b/c__d-e.f", "quay.io/a/b/c__d-e.f:latest", "quay.io/a/b/c__d-e.f:latest")]
    [InlineData("app@sha256:" + Hex, "docker.io/library/app@sha256:" + Hex, "app@sha256:" + Hex)]
    [InlineData("app:v1@sha256:" + Hex, "docker.io/library/app:v1@sha256:" + Hex, "app:v1@sha256:" + Hex)]
    public void A_name_is_what_docker_takes_it_for(string text, string whole, string familiar)
    {
        ImageReference reference = ImageReference.Parse(text);
        Assert.Equal(whole, reference.ToString());
        Assert.Equal(familiar, reference.FamiliarText);
        Assert.Equal(reference, ImageReference.Parse(whole));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Busybox")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("../a")]
    [InlineData("a:")]
    [InlineData("a:b:c")]
    [InlineData("a:.tag")]
    [InlineData("a@sha256:12")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("app:ü")]
    [InlineData("-a.example/x")]
    [InlineData("http://a.example/x")]
    [InlineData("a.example:port/x")]
    public void What_is_no_name_is_refused(string text)
        => Assert.Contains("invalid reference format", Assert.Throws<ImageException>(() => ImageReference.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Whatever_a_name_is_it_is_refused_or_can_be_read_again()
    {
        const string Letters = "ab:/@.-_0A[] sha256\n\u00fc";
        Random random = new(1);
        for (int i = 0; i < 50_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Letters[random.Next(Letters.Length)]));
            try
            {
                ImageReference reference = ImageReference.Parse(text);
                Assert.Equal(reference, ImageReference.Parse(reference.ToString()));
                Assert.Equal(reference, ImageReference.Parse(reference.FamiliarText));
            }
            catch (ImageException failure)
            {
                Assert.Equal(ImageFailure.Invalid, failure.Failure);
            }
        }
    }

    [Fact]
    public void A_name_has_an_end()
    {
        Assert.NotNull(ImageReference.Parse(new string('a', 255 - "docker.io/library/".Length)));
        Assert.Throws<ImageException>(() => ImageReference.Parse(new string('a', 256)));
        Assert.Throws<ImageException>(() => ImageReference.Parse($"a:{new string('t', 129)}"));
    }
}
