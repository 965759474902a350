using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>Archives between us and others: skopeo and umoci read what we write, and we read what skopeo and umoci write.</summary>
public sealed class PeerTests : IDisposable
{
    private static readonly Lazy<string> Peers = new(() =>
    {
        using Command command = new([Path.Join(Repository.Root, "tests/Images/peers")], patience: TimeSpan.FromMinutes(3));
        return command.Wait().Succeeded();
    });

    private readonly Store _store = new();

    [Theory]
    [InlineData("docker-archive:{t}:test:1", "oci:{d}:x")]
    [InlineData("oci-archive:{t}:1", "oci:{d}:x")]
    [InlineData("docker-archive:{t}:test:1", "dir:{d}")]
    [InlineData("oci-archive:{t}:1", "docker-archive:{d}:other:2")]
    public void Skopeo_reads_what_we_save(string from, string to)
    {
        string archive = Saved();

        Skopeo("copy", from.Replace("{t}", archive, StringComparison.Ordinal), to.Replace("{d}", Path.Join(_store.Root, "copy"), StringComparison.Ordinal));

        Assert.Contains("\"Architecture\": \"amd64\"", Skopeo("inspect", from.Replace("{t}", archive, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Umoci_unpacks_what_we_save()
    {
        string layout = Directory.CreateDirectory(Path.Join(_store.Root, "layout")).FullName;
        Command.Run("/bin/tar", "-C", layout, "-xf", Saved()).Succeeded();

        Run("umoci", "unpack", "--image", $"{layout}:1", Path.Join(_store.Root, "bundle"));

        Assert.Equal("2", File.ReadAllText(Path.Join(_store.Root, "bundle/rootfs/d/b")));
        Assert.False(File.Exists(Path.Join(_store.Root, "bundle/rootfs/a")));
    }

    [Theory]
    [InlineData("docker-archive:{a}:their/name:7", "their/name:7")]
    [InlineData("oci-archive:{a}:localhost/their/name:7", "localhost/their/name:7")]
    [InlineData("oci:{a}:docker.io/their/name:7", "their/name:7")]
    [InlineData("oci-archive:{a}:7", null)]
    public void What_skopeo_writes_we_load(string to, string? name)
    {
        string theirs = Path.Join(_store.Root, "theirs");
        string archive = Saved();
        Skopeo("copy", $"docker-archive:{archive}:test:1", to.Replace("{a}", theirs, StringComparison.Ordinal));
        using Store elsewhere = new();

        LoadedImage image = Assert.Single(Directory.Exists(theirs)
            ? new ImageLoader(elsewhere.Images).LoadDirectory(theirs, PlatformChoice.Parse("linux/amd64"))
            : ArchiveTests.Load(elsewhere, File.ReadAllBytes(theirs)));

        Assert.Equal(name is null ? [] : [name], image.Names.Select(one => one.FamiliarText));
        ImageConfig config = elsewhere.Images.ReadConfig(image.Id);
        Assert.Equal("2", File.ReadAllText(Path.Join(elsewhere.Images.Layers.PathOf(config.DiffIds[1]), "d/b")));
    }

    [Fact]
    public void What_umoci_makes_we_load()
    {
        string layout = Path.Join(_store.Root, "made");
        string files = Directory.CreateDirectory(Path.Join(_store.Root, "files")).FullName;
        File.WriteAllText(Path.Join(files, "from"), "umoci");
        Run("umoci", "init", "--layout", layout);
        Run("umoci", "new", "--image", $"{layout}:v1");
        Run("umoci", "insert", "--image", $"{layout}:v1", files, "/there");
        Run("umoci", "config", "--image", $"{layout}:v1", "--config.cmd", "/bin/sh");

        LoadedImage image = new ImageLoader(_store.Images).LoadDirectory(layout, PlatformChoice.OfThisMachine)[0];

        ImageConfig config = _store.Images.ReadConfig(image.Id);
        Assert.Equal(["/bin/sh"], config.Process.Cmd);
        Assert.Equal("umoci", File.ReadAllText(Path.Join(_store.Images.Layers.PathOf(config.DiffIds[0]), "there/from")));
    }

    [Fact]
    public void Podman_loads_what_we_save_and_we_load_what_it_saves()
    {
        string enter = Path.Join(Repository.Root, "tests/Clients/enter");
        Needs.PathTo("/var/cache/containerception/clients/podman");
        string archive = Saved();
        foreach (string format in new[] { "docker-archive", "oci-archive" })
        {
            string theirs = Path.Join(_store.Root, format);
            using Command command = new(
                ["/bin/sh", "-c", $"\"{enter}\" podman -- sh -c 'podman load -q >&2 && podman save -q --format {format} test:1' < \"{archive}\" > \"{theirs}\""], patience: TimeSpan.FromMinutes(2));
            command.Wait().Succeeded();
            using Store elsewhere = new();

            LoadedImage image = Assert.Single(ArchiveTests.Load(elsewhere, File.ReadAllBytes(theirs)));

            Assert.Equal(_store.Images.Get("test:1").Id, image.Id);
            Assert.Contains(image.Names, name => name.FamiliarText is "test:1" or "localhost/test:1");
        }
    }

    public void Dispose() => _store.Dispose();

    /// <summary>An image of two layers, saved; the second takes a file away.</summary>
    private string Saved()
    {
        ArchiveTests.Load(_store, ArchiveTests.DockerArchive(
            new HostileTar().Folder("d/").File("a", "1").End(), new HostileTar().File(".wh.a", "").File("d/b", "2").Link("l", "d/b").End()));
        string path = Path.Join(_store.Root, "saved.tar");
        File.WriteAllBytes(path, ArchiveTests.Save(_store, "test:1"));
        return path;
    }

    private static string Skopeo(params string[] words) => Run("skopeo", ["--insecure-policy", "--override-arch", "amd64", .. words]);

    private static string Run(string program, params string[] words)
    {
        string libraries = $"{Peers.Value}/usr/lib/x86_64-linux-gnu:{Peers.Value}/lib/x86_64-linux-gnu:{Peers.Value}/usr/lib/aarch64-linux-gnu:{Peers.Value}/lib/aarch64-linux-gnu";
        using Command command = new([$"{Peers.Value}/usr/bin/{program}", .. words], environment: new Dictionary<string, string?> { ["LD_LIBRARY_PATH"] = libraries, ["TMPDIR"] = Path.GetTempPath() });
        return command.Wait().Succeeded();
    }
}
