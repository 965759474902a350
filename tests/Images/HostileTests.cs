using System.Text;
using System.Text.Json.Nodes;
using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>Registries that fail, lie or stall: a clear error, nothing half-made, and a second try that can succeed.</summary>
public sealed class HostileTests : IDisposable
{
    private readonly HostileRegistry _registry = new();
    private readonly Store _store = new();

    private string Name => $"{_registry.Host}/app";

    [Fact]
    public void A_good_registry_is_pulled_from()
    {
        TestImage image = TestImage.Of("a=one", "b=two");
        _registry.Has(image);
        PulledImage pulled = _store.Pull(Name);
        Assert.Equal((image.Digest, image.Id, true), (pulled.Digest, pulled.Id, pulled.IsNew));
        Assert.Equal(("one", "two"), (_store.Read(image, 0, "a"), _store.Read(image, 1, "b")));
        Assert.False(_store.Pull(Name).IsNew);
    }

    [Theory]
    [InlineData(404, ImageFailure.NotFound, "has no manifests latest: gone: is it spelled right?")]
    [InlineData(403, ImageFailure.Denied, "denies access to manifests latest: gone: is it spelled right?")]
    [InlineData(429, ImageFailure.Unreachable, "has had too many requests: gone: is it spelled right?")]
    [InlineData(500, ImageFailure.Unreachable, "answers GET manifests latest with 500")]
    [InlineData(418, ImageFailure.Unreachable, "answers GET manifests latest with 418")]
    public void A_refusal_is_told_in_the_registrys_words(int status, ImageFailure failure, string words)
    {
        _registry.Answer = async context =>
        {
            await HostileRegistry.Say(context, status, """{"errors":[{"code":"X","message":"gone:\u001b is it spelled right?"}]}""");
            return true;
        };
        ImageException told = _store.CannotPull(Name);
        Assert.Equal(failure, told.Failure);
        Assert.Contains($"{Name}: {_registry.Host} {words}", told.Message, StringComparison.Ordinal);
        Assert.Equal(status is 429 or 500 ? 3 : 1, _registry.Asked.Count);
    }

    [Fact]
    public void A_refusals_words_that_do_not_come_are_not_waited_for()
    {
        _registry.Answer = async context =>
        {
            await HostileRegistry.Stall(context, """{"errors":[{"message":"so""", status: 403);
            return true;
        };
        ImageException failure = _store.CannotPull(Name, Store.Hasty with { StallTimeout = TimeSpan.FromSeconds(0.3) });
        Assert.Equal((ImageFailure.Denied, $"{Name}: {_registry.Host} denies access to manifests latest"), (failure.Failure, failure.Message));
    }

    [Fact]
    public void What_passes_is_tried_again()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        int asked = 0;
        _registry.Answer = async context =>
        {
            bool fails = Interlocked.Increment(ref asked) % 3 != 0;
            if (fails)
            {
                await HostileRegistry.Say(context, asked % 2 == 0 ? 503 : 429, "", ("Retry-After", "0"));
            }

            return fails;
        };
        _store.Pull(Name);
        Assert.Equal("one", _store.Read(image, 0, "a"));
    }

    [Fact]
    public void Retry_After_is_heeded()
    {
        _registry.Has(TestImage.Of("a=one"));
        bool first = true;
        _registry.Answer = async context =>
        {
            bool refuses = first;
            first = false;
            if (refuses)
            {
                await HostileRegistry.Say(context, 429, "", ("Retry-After", "1"));
            }

            return refuses;
        };
        long start = Environment.TickCount64;
        _store.Pull(Name);
        Assert.True(Environment.TickCount64 - start >= 950);
    }

    [Fact]
    public void A_cut_connection_is_taken_up_where_it_broke()
    {
        TestImage image = TestImage.OfSizes(300_000);
        _registry.Has(image);
        List<string?> ranges = [];
        _registry.Answer = async context =>
        {
            if (!context.Request.Url!.AbsolutePath.EndsWith(image.Layers[0].ToString(), StringComparison.Ordinal) || ranges.Count == 2)
            {
                return false;
            }

            ranges.Add(context.Request.Headers["Range"]);
            byte[] content = image.Blobs[image.Layers[0]];
            int from = ranges[^1] is string range ? int.Parse(range["bytes=".Length..].TrimEnd('-'), null) : 0;
            context.Response.StatusCode = from > 0 ? 206 : 200;
            context.Response.Headers["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}";
            context.Response.ContentLength64 = content.Length - from;
            await context.Response.OutputStream.WriteAsync(content.AsMemory(from, 100_000));
            await context.Response.OutputStream.FlushAsync();
            await Task.Delay(100);
            context.Response.Abort();
            return true;
        };
        _store.Pull(Name);
        Assert.Equal([null, "bytes=100000-"], ranges);
        Assert.Equal(300_000, new FileInfo(Path.Join(_store.Images.Layers.PathOf(ImageConfig.Read(image.Config).DiffIds[0]), "file0")).Length);
    }

    [Fact]
    public void What_came_before_a_failure_need_not_come_again()
    {
        TestImage image = TestImage.OfSizes(300_000);
        _registry.Has(image);
        bool stalls = true;
        List<string?> ranges = [];
        _registry.Answer = async context =>
        {
            if (!context.Request.Url!.AbsolutePath.EndsWith(image.Layers[0].ToString(), StringComparison.Ordinal))
            {
                return false;
            }

            ranges.Add(context.Request.Headers["Range"]);
            if (!stalls)
            {
                return false;
            }

            int from = ranges.Count > 1 ? 100_000 : 0;
            context.Response.StatusCode = from > 0 ? 206 : 200;
            context.Response.Headers["Content-Range"] = "bytes 100000-299999/300000";
            context.Response.ContentLength64 = image.Blobs[image.Layers[0]].Length - from;
            await context.Response.OutputStream.WriteAsync(image.Blobs[image.Layers[0]].AsMemory(0, from > 0 ? 0 : 100_000));
            await context.Response.OutputStream.FlushAsync();
            await Task.Delay(1500);
            context.Response.Abort();
            return true;
        };
        ImageException failure = _store.CannotPull(Name, Store.Hasty with { StallTimeout = TimeSpan.FromSeconds(0.3) });
        Assert.Contains($"broke off {image.Layers[0]} 3 times, at byte 100000 of", failure.Message, StringComparison.Ordinal);
        Assert.Equal("what has come is kept: pull again to go on", failure.Hint);
        stalls = false;
        ranges.Clear();
        _store.Pull(Name);
        Assert.Equal(["bytes=100000-"], ranges);
    }

    [Fact]
    public void A_registry_that_never_answers_is_given_up()
    {
        _registry.Answer = async _ =>
        {
            await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            return true;
        };
        ImageException failure = _store.CannotPull(Name, Store.Hasty with { StallTimeout = TimeSpan.FromSeconds(0.5) });
        Assert.Contains("cannot be reached: no answer within 0.5 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_layer_than_the_manifest_says_is_refused_and_forgotten()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        byte[] other = (byte[])image.Blobs[image.Layers[0]].Clone();
        other[4] ^= 1; // a byte of gzip's header that says nothing
        _registry.Has($"blobs/{image.Layers[0]}", "application/octet-stream", other);
        ImageException failure = _store.CannotPull(Name);
        Assert.Equal((ImageFailure.Damaged, $"the content that came as {image.Layers[0]} is another"), (failure.Failure, failure.Message));
        _registry.Has(image);
        Assert.True(_store.Pull(Name).IsNew);
    }

    [Fact]
    public void A_layer_that_cannot_be_unpacked_is_forgotten()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        _registry.Has($"blobs/{image.Layers[0]}", "application/octet-stream", [0x1f, 0x8b, .. Enumerable.Repeat((byte)0xFF, image.Blobs[image.Layers[0]].Length - 2)]);
        Assert.Equal(ImageFailure.Damaged, _store.CannotPull(Name).Failure);
        _registry.Has(image);
        Assert.True(_store.Pull(Name).IsNew);
    }

    [Fact]
    public void More_bytes_than_the_manifest_says_are_not_taken()
    {
        TestImage image = TestImage.OfSizes(200_000);
        _registry.Has(image);
        _registry.Has($"blobs/{image.Layers[0]}", "application/octet-stream", [.. image.Blobs[image.Layers[0]], .. new byte[100_000]]);
        Assert.Contains("sends more of", _store.CannotPull(Name).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_that_ends_early_is_told()
    {
        TestImage image = TestImage.OfSizes(200_000);
        _registry.Has(image);
        _registry.Has($"blobs/{image.Layers[0]}", "application/octet-stream", image.Blobs[image.Layers[0]][..^5]);
        Assert.Contains("broke off", _store.CannotPull(Name).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_archive_than_the_configuration_says_is_refused()
    {
        TestImage image = TestImage.Of("a=one");
        TestImage other = TestImage.Of("a=two");
        _registry.Has(other);
        _registry.Has(image.With(manifest => manifest["layers"] = JsonNode.Parse(other.Manifest)!["layers"]!.DeepClone()));
        Assert.Contains("the archive of the layer sha256:", _store.CannotPull(Name).Message, StringComparison.Ordinal);
        Assert.Empty(_store.Images.Layers.List());

        // The blob itself was as its digest says: it must not be harmed for the image that has it rightly.
        byte[] blob = other.Blobs[other.Layers[0]];
        string kept = _store.Images.Contents.PathOf(other.Layers[0]);
        Assert.True(!File.Exists(kept) || File.ReadAllBytes(kept).AsSpan().SequenceEqual(blob));
        _registry.Has(other);
        Assert.True(_store.Pull(Name).IsNew);
        Assert.Equal("two", _store.Read(other, 0, "a"));
        Assert.Equal(blob, File.ReadAllBytes(kept));
    }

    [Fact]
    public void A_blob_that_has_its_name_is_not_taken_back()
    {
        Digest digest = Digest.Of("content"u8);
        using BlobWriter writer = _store.Images.Contents.Begin(digest);
        writer.Append("content"u8);
        writer.Commit();
        using (BlobWriter next = _store.Images.Contents.Begin(digest))
        {
            writer.Restart();
            writer.Abandon();
            next.Append("content"u8);
            next.Commit();
        }

        Assert.Equal("content"u8.ToArray(), _store.Images.Contents.Read(digest));
    }

    [Fact]
    public void Another_configuration_or_manifest_is_refused()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        _registry.Has($"blobs/{image.Id}", "application/json", "{}"u8.ToArray());
        Assert.Contains($"the configuration that came as {image.Id} is another", _store.CannotPull(Name).Message, StringComparison.Ordinal);
        _registry.Has(image);
        _registry.Has($"manifests/{image.Digest}", image.MediaType, "{}"u8.ToArray());
        Assert.Contains($"the manifest that {_registry.Host} gives as {image.Digest} is another", _store.CannotPull($"{Name}@{image.Digest}").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "manifest")]
    [InlineData("[]", "manifest")]
    [InlineData("""{"schemaVersion":1}""", "schema 1")]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", "manifest.config")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:../../etc","size":1},"layers":[]}""", "is no sha256 or sha512 digest")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":-1},"layers":[]}""", "must not be negative")]
    public void A_manifest_that_is_none_is_told(string manifest, string words)
    {
        _registry.Has("manifests/latest", MediaTypes.Manifest, Encoding.UTF8.GetBytes(manifest));
        ImageException failure = _store.CannotPull(Name);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{Name}: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Types_that_are_no_images_are_named()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has("manifests/latest", "text/html", "<html>"u8.ToArray());
        Assert.Contains("gives a text/html, which is no image", _store.CannotPull(Name).Message, StringComparison.Ordinal);
        _registry.Has(image.With(manifest => manifest["layers"]![0]!["mediaType"] = "application/vnd.example.cake\u001b[2J"));
        Assert.EndsWith("is no image that can be run: it has content of the type application/vnd.example.cake?[2J", _store.CannotPull(Name).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_that_leads_from_index_to_index_has_an_end()
    {
        // None can lead to itself, as digests go; but the registry need not keep to what it says.
        JsonObject Entry(string digest) => new() { ["mediaType"] = MediaTypes.Index, ["digest"] = digest, ["size"] = 1 };
        byte[] inner = TestImage.Index();
        for (int i = 0; i < 10; i++)
        {
            JsonObject outer = new() { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(Entry(Digest.Of(inner).ToString())) };
            _registry.Has($"manifests/{Digest.Of(inner)}", MediaTypes.Index, inner);
            inner = Encoding.UTF8.GetBytes(outer.ToJsonString());
        }

        _registry.Has("manifests/latest", MediaTypes.Index, inner);
        Assert.EndsWith("its index leads from index to index, and to no image", _store.CannotPull(Name).Message, StringComparison.Ordinal);
        Assert.True(_registry.Asked.Count < 8);
    }

    [Fact]
    public void An_index_without_this_platform_says_what_it_has()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has("manifests/latest", MediaTypes.Index, TestImage.Index(("arm64", image), ("s390x", image)));
        ImageException failure = _store.CannotPull(Name);
        Assert.Equal($"{Name} has no image for linux/amd64", failure.Message);
        Assert.Equal("it has linux/arm64, linux/s390x: choose one with --platform", failure.Hint);
    }

    [Fact]
    public void A_manifest_without_an_end_is_not_read_to_it()
    {
        _registry.Has("manifests/latest", MediaTypes.Manifest, new byte[5 << 20]);
        Assert.Contains("is longer than 4194304 bytes", _store.CannotPull(Name).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_tags_comes_in_pages_and_leads_nowhere_else()
    {
        _registry.Answer = async context =>
        {
            if (!context.Request.Url!.AbsolutePath.EndsWith("/tags/list", StringComparison.Ordinal))
            {
                return false;
            }

            bool isSecond = context.Request.Url.Query == "?last=b&n=2";
            await HostileRegistry.Say(
                context, 200, isSecond ? """{"tags":["c"]}""" : """{"tags":["a","b"]}""", isSecond ? [] : [("Link", "<http://example.invalid/v2/x/tags/list?last=b&n=2>; rel=\"next\"")]);
            return true;
        };
        using RegistryClient client = new(Store.Hasty, _ => null);
        Assert.Equal(["a", "b", "c"], await client.ListTags(ImageReference.Parse(Name), TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }
}
