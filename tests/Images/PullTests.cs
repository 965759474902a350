using System.Text.Json;
using System.Text.RegularExpressions;

namespace Containerception.Images.Tests;

/// <summary><c>cdock pull</c> and what one sees of it, from Debian's registry.</summary>
public sealed class PullTests : IDisposable
{
    private readonly DebianRegistry _registry = new();
    private readonly Cdock _cdock = new();

    private string Name => $"{_registry.Host}/app";

    [Fact]
    public async Task It_says_what_docker_says()
    {
        TestImage image = TestImage.Of("a=one", "b=two");
        await image.PutTo(_registry.Client, "app", "latest");
        string[] lines = _cdock.Says("pull", Name).Split('\n');
        Assert.Equal(["Using default tag: latest", "latest: Pulling from app"], lines[..2]);
        Assert.Equal(
            image.Layers.SelectMany(layer => (string[])[$"{layer.Hex[..12]}: Pulling fs layer", $"{layer.Hex[..12]}: Pull complete"]).Order(StringComparer.Ordinal),
            lines[2..6].Order(StringComparer.Ordinal));
        Assert.Equal([$"Digest: {image.Digest}", $"Status: Downloaded newer image for {Name}:latest", $"{Name}:latest"], lines[6..]);
        lines = _cdock.Says("pull", Name + ":latest").Split('\n');
        Assert.Equal("latest: Pulling from app", lines[0]);
        Assert.All(lines[3..5], line => Assert.EndsWith(": Already exists", line, StringComparison.Ordinal));
        Assert.Equal($"Status: Image is up to date for {Name}:latest", lines[^2]);
        Assert.Equal($"{Name}:latest", _cdock.Says("pull", "-q", Name));
    }

    [Fact]
    public async Task On_a_terminal_lines_are_written_over()
    {
        Needs.Program("script");
        await TestImage.OfSizes(3_000_000).PutTo(_registry.Client, "app", "latest");
        using Command command = new(
            ["script", "-qec", $"{Cdock.Program} pull {Name}", "/dev/null"],
            environment: new Dictionary<string, string?> { ["CDOCK_ROOT"] = _cdock.Root, ["CDOCK_CONFIG"] = _cdock.Config, ["TERM"] = "xterm" });
        string output = command.Wait().Succeeded();
        Assert.Matches(new Regex("\e\\[1A\r\e\\[2K[0-9a-f]{12}: Pull complete\e\\[1B"), output);
        Assert.Contains("Pulling fs layer", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_are_told_in_json()
    {
        TestImage image = TestImage.OfSizes(3_000_000);
        await image.PutTo(_registry.Client, "app", "latest");
        JsonElement[] lines = [.. _cdock.Says("pull", "--progress", "json", Name).Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("latest: Pulling from app", lines[1].GetProperty("status").GetString());
        Assert.All(lines.Where(line => line.TryGetProperty("id", out _)), line => Assert.Equal(image.Layers[0].Hex[..12], line.GetProperty("id").GetString()));
        Assert.Contains(lines, line => line.GetProperty("status").GetString() == "Pull complete");
        Assert.Equal($"{Name}:latest", lines[^1].GetProperty("status").GetString());
        Assert.Contains("invalid value \"xml\" for --progress", _cdock.Do("pull", "--progress", "xml", Name).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Packing.Gzip)]
    [InlineData(Packing.Zstd)]
    [InlineData(Packing.None)]
    public async Task Layers_come_packed_in_three_ways(Packing packing)
    {
        TestImage image = TestImage.Make(packing, "amd64", TestImage.Tar("etc/motd", "hello"u8.ToArray()));
        await image.PutTo(_registry.Client, "app", "v1");
        _cdock.Says("pull", Name + ":v1");
        string layer = Assert.Single(Directory.GetDirectories(Path.Join(_cdock.Root, "layers")));
        Assert.Equal("hello", File.ReadAllText(Path.Join(layer, "etc/motd")));
        Assert.Empty(Directory.GetFiles(Path.Join(_cdock.Root, "ingest")));
        Assert.Empty(Directory.GetDirectories(Path.Join(_cdock.Root, "staging")));
    }

    [Fact]
    public async Task An_index_gives_the_image_of_a_platform()
    {
        TestImage here = TestImage.Make(Packing.Gzip, "amd64", TestImage.Tar("a", "amd64"u8.ToArray()));
        TestImage there = TestImage.Make(Packing.Gzip, "arm64", TestImage.Tar("a", "arm64"u8.ToArray()));
        await here.PutTo(_registry.Client, "app", "here");
        await there.PutTo(_registry.Client, "app", "there");
        byte[] index = TestImage.Index(("arm64", there), ("amd64", here));
        await TestImage.PutManifest(_registry.Client, "app", "both", index, Oci.MediaTypes.Index);
        Assert.Contains($"Digest: {Oci.Digest.Of(index)}", _cdock.Says("pull", "--platform", "linux/arm64", Name + ":both"), StringComparison.Ordinal);
        Assert.Equal(there.Id.ToString(), _cdock.Says("images", "-q", "--no-trunc", Name));
        _cdock.Says("pull", "--platform", "amd64", Name + ":both");
        Assert.Equal(here.Id.ToString(), _cdock.Says("images", "-q", "--no-trunc", Name + ":both"));
        Assert.Equal($"cdock: {Name} has no image for linux/s390x", _cdock.Fails("pull", "--platform", "linux/s390x", Name + ":both"));
        Assert.Contains("--platform windows/amd64: must be like", _cdock.Fails("pull", "--platform", "windows/amd64", Name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_is_pulled_by_its_digest()
    {
        TestImage image = TestImage.Of("a=one");
        await image.PutTo(_registry.Client, "app", "latest");
        string[] lines = _cdock.Says("pull", $"{Name}@{image.Digest}").Split('\n');
        Assert.Equal($"{image.Digest}: Pulling from app", lines[0]);
        Assert.Equal($"{Name}@{image.Digest}", lines[^1]);
        Assert.Equal($"{Name} <none> {image.Digest}", _cdock.Says("images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"));
    }

    [Fact]
    public async Task All_tags_are_pulled()
    {
        await TestImage.Of("a=one").PutTo(_registry.Client, "app", "v1");
        await TestImage.Of("a=two").PutTo(_registry.Client, "app", "v2");
        Assert.Equal(Name, _cdock.Says("pull", "-a", "-q", Name));
        Assert.Equal("v1\nv2", string.Join('\n', _cdock.Says("images", "--format", "{{.Tag}}", Name).Split('\n').Order(StringComparer.Ordinal)));
        Assert.Contains("tag can't be used with --all-tags/-a", _cdock.Do("pull", "-a", Name + ":v1").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_told()
    {
        Assert.Equal($"cdock: {Name}: {_registry.Host} has no manifests latest: manifest unknown", _cdock.Fails("pull", Name));
        Assert.Equal("cdock: invalid reference format: \"App\": a repository's name has no capital letters", _cdock.Fails("pull", "App"));
        Assert.StartsWith("cdock: 127.0.0.1:1/app: 127.0.0.1:1 cannot be reached: Connection refused", _cdock.Fails("pull", "127.0.0.1:1/app"), StringComparison.Ordinal);
        Assert.Equal("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE", _cdock.Says("images"));
    }

    [Fact]
    public async Task A_mirror_is_asked_before_docker_io()
    {
        TestImage image = TestImage.Of("a=one");
        await image.PutTo(_registry.Client, "library/busybox", "latest");
        File.WriteAllText(_cdock.Config, $$"""{"registry-mirrors": ["http://{{_registry.Host}}/"]}""");
        string output = _cdock.Says("pull", "busybox");
        Assert.Contains("latest: Pulling from library/busybox", output, StringComparison.Ordinal);
        Assert.EndsWith("Status: Downloaded newer image for busybox:latest\ndocker.io/library/busybox:latest", output, StringComparison.Ordinal);
        Assert.StartsWith("busybox", _cdock.Says("images", "--format", "{{.Repository}}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_at_once_and_a_killed_one_do_not_disturb_each_other()
    {
        TestImage image = TestImage.OfSizes(4_000_000, 4_000_000, 4_000_000, 4_000_000);
        await image.PutTo(_registry.Client, "app", "latest");
        for (int i = 1; i < 12; i++)
        {
            // Killed at another point each time.
            using Command doomed = _cdock.Start(["pull", "-q", Name]);
            await Task.Delay(i * 8, TestContext.Current.CancellationToken);
        }

        using Command one = _cdock.Start(["pull", "-q", Name]);
        using Command other = _cdock.Start(["pull", "-q", Name]);
        one.Wait().Succeeded();
        other.Wait().Succeeded();
        Assert.Equal(image.Id.ToString(), _cdock.Says("images", "-q", "--no-trunc"));
        Assert.Equal(4, Directory.GetDirectories(Path.Join(_cdock.Root, "layers")).Length);
        Assert.Empty(Directory.GetFiles(Path.Join(_cdock.Root, "ingest")));
        _cdock.Says("pull", "-q", Name);
        Assert.Empty(Directory.GetDirectories(Path.Join(_cdock.Root, "staging")));
    }

    public void Dispose()
    {
        _registry.Dispose();
        _cdock.Dispose();
    }
}
