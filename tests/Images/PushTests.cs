namespace Containerception.Images.Tests;

/// <summary><c>cdock push</c>: what comes out is what went in, and what the registry has is not sent.</summary>
public sealed class PushTests : IDisposable
{
    private readonly DebianRegistry _registry = new();
    private readonly Cdock _cdock = new();

    private string Host => _registry.Host;

    [Fact]
    public async Task An_image_goes_from_one_registry_to_another()
    {
        using DebianRegistry other = new();
        TestImage image = TestImage.Of("a=one", "b=two");
        await image.PutTo(_registry.Client, "app", "latest");
        _cdock.Says("pull", "-q", $"{Host}/app");
        string name = $"{other.Host}/deep/er/app:v1";
        _cdock.Says("tag", $"{Host}/app", name);
        string[] lines = _cdock.Says("push", name).Split('\n');
        Assert.Equal($"The push refers to repository [{other.Host}/deep/er/app]", lines[0]);
        Assert.Equal(3, lines.Count(line => line.EndsWith(": Pushed", StringComparison.Ordinal)));
        Assert.Equal($"v1: digest: {image.Digest} size: {image.Manifest.Length}", lines[^1]);
        Assert.Equal(3, _cdock.Says("push", name).Split('\n').Count(line => line.EndsWith(": Layer already exists", StringComparison.Ordinal)));
        Assert.Equal(image.Manifest, await Fetch(other, "deep/er/app/manifests/v1"));
        foreach (Oci.Digest layer in image.Layers)
        {
            Assert.Equal(image.Blobs[layer], await Fetch(other, $"deep/er/app/blobs/{layer}"));
        }

        Assert.Contains($"{other.Host}/deep/er/app@{image.Digest}", _cdock.Says("image", "inspect", "-f", "{{.RepoDigests}}", name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_repository_of_the_same_registry_lends_its_blobs()
    {
        await TestImage.Of("a=one").PutTo(_registry.Client, "app", "latest");
        _cdock.Says("pull", "-q", $"{Host}/app");
        _cdock.Says("tag", $"{Host}/app", $"{Host}/copy");
        Assert.Equal(2, _cdock.Says("push", $"{Host}/copy").Split('\n').Count(line => line.EndsWith(": Mounted from app", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task All_tags_are_pushed()
    {
        await TestImage.Of("a=one").PutTo(_registry.Client, "app", "latest");
        _cdock.Says("pull", "-q", $"{Host}/app");
        _cdock.Says("tag", $"{Host}/app", $"{Host}/copy:1");
        _cdock.Says("tag", $"{Host}/app", $"{Host}/copy:2");
        Assert.Equal($"{Host}/copy", _cdock.Says("push", "-a", "-q", $"{Host}/copy"));
        Assert.NotEmpty(await Fetch(_registry, "copy/manifests/1"));
        Assert.NotEmpty(await Fetch(_registry, "copy/manifests/2"));
        Assert.Equal($"cdock: an image does not exist locally with the tag: {Host}/none:latest", _cdock.Fails("push", $"{Host}/none"));
    }

    [Fact]
    public async Task A_registry_shows_its_tags_and_deletes()
    {
        TestImage image = TestImage.Of("a=one");
        await image.PutTo(_registry.Client, "app", "v1");
        await TestImage.Of("a=two").PutTo(_registry.Client, "app", "v2");
        Assert.Equal("v1\nv2", string.Join('\n', _cdock.Says("registry", "tags", $"{Host}/app").Split('\n').Order(StringComparer.Ordinal)));
        Assert.Equal($"Deleted: {Host}/app@{image.Digest}", _cdock.Says("registry", "rm", $"{Host}/app:v1"));
        Assert.Equal("v2", _cdock.Says("registry", "tags", $"{Host}/app"));
        Assert.Equal($"cdock: {Host}/app: {Host} has no manifests v1: manifest unknown", _cdock.Fails("registry", "rm", $"{Host}/app:v1"));
        Assert.Contains("has no tags list", _cdock.Fails("registry", "tags", $"{Host}/none"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_upload_goes_on_where_it_broke()
    {
        TestImage image = TestImage.OfSizes(1_000_000);
        using HostileRegistry hostile = new();
        List<(string Method, string? Range)> asked = [];
        MemoryStream kept = new();
        hostile.Answer = async context =>
        {
            string path = context.Request.Url!.AbsolutePath;
            string method = context.Request.HttpMethod;
            (string, string)[] location = [("Location", $"/v2/app/blobs/uploads/1"), ("Range", $"0-{kept.Length - 1}")];
            if (method == "HEAD")
            {
                await HostileRegistry.Say(context, path.EndsWith(image.Id.ToString(), StringComparison.Ordinal) ? 200 : 404);
            }
            else if (method == "PATCH")
            {
                asked.Add((method, context.Request.Headers["Content-Range"]));
                if (asked.Count == 1)
                {
                    byte[] half = new byte[500_000];
                    await context.Request.InputStream.ReadExactlyAsync(half);
                    kept.Write(half);
                    await HostileRegistry.Say(context, 502);
                    return true;
                }

                await context.Request.InputStream.CopyToAsync(kept);
                await HostileRegistry.Say(context, 202, "", location);
            }
            else
            {
                await HostileRegistry.Say(context, method switch { "POST" => 202, "GET" => 204, _ => 201 }, "", location);
            }

            return true;
        };
        await image.PutTo(_registry.Client, "app", "latest");
        using Store store = new();
        store.Pull($"{Host}/app");
        store.Images.Tag($"{Host}/app", $"{hostile.Host}/app");
        using RegistryClient client = new(Store.Hasty, _ => null);
        PushedImage pushed = await new Pusher(client, store.Images).Push(ImageReference.Parse($"{hostile.Host}/app"), _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal(image.Digest, pushed.Digest);
        Assert.Equal(image.Blobs[image.Layers[0]], kept.ToArray());
        Assert.Equal([("PATCH", null), ("PATCH", $"500000-{kept.Length - 1}")], asked);
    }

    private static Task<byte[]> Fetch(DebianRegistry registry, string path)
    {
        registry.Client.DefaultRequestHeaders.Accept.ParseAdd(Oci.MediaTypes.Manifest);
        return registry.Client.GetByteArrayAsync("v2/" + path);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _cdock.Dispose();
    }
}
