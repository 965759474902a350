using System.Text;
using System.Text.Json.Nodes;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images.Tests;

/// <summary>Archives of images: what is saved is loaded again, and what is wrong in one is refused.</summary>
public sealed class ArchiveTests : IDisposable
{
    private readonly Store _store = new();

    [Fact]
    public void What_was_saved_is_loaded_elsewhere_with_its_names()
    {
        Digest id = Load(_store, DockerArchive(new HostileTar().File("a", "1").End(), new HostileTar().File("b", "2").End()))[0].Id;
        _store.Images.Tag("test:1", "localhost:5000/other");
        byte[] archive = Save("test:1", "localhost:5000/other:latest");
        using Store elsewhere = new();

        LoadedImage loaded = Assert.Single(Load(elsewhere, archive));

        Assert.Equal(id, loaded.Id);
        Assert.Equal(["localhost:5000/other:latest", "test:1"], loaded.Names.Select(name => name.FamiliarText).Order(StringComparer.Ordinal));
        Assert.Equal(archive, Save(elsewhere, "test:1", "localhost:5000/other:latest"));
    }

    [Fact]
    public void The_same_images_are_the_same_bytes()
    {
        Load(_store, DockerArchive(new HostileTar().File("a", "1").End()));

        Assert.Equal(Save("test:1"), Save("test:1"));
        Assert.NotEqual(Save("test:1"), Save(_store.Images.Get("test:1").Id.ToString()));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void A_packed_archive_is_loaded(string packer)
    {
        Needs.Program(packer);
        string file = Path.Join(_store.Root, "archive");
        File.WriteAllBytes(file, DockerArchive(new HostileTar().File("a", "1").End()));
        Command.Run("/bin/sh", "-c", $"{packer} -c {file} > {file}.packed").Succeeded();

        Assert.Equal("test:1", Load(_store, File.ReadAllBytes(file + ".packed"))[0].Names[0].FamiliarText);
    }

    [Fact]
    public void Layers_that_are_links_are_found_as_in_dockers_older_archives()
    {
        byte[] layer = new HostileTar().File("a", "1").End();
        byte[] config = ConfigOf(layer);

        LoadedImage image = Load(_store, new HostileTar()
            .Folder("one/").File("one/layer.tar", Encoding.Latin1.GetString(layer)).Folder("two/").Link("two/layer.tar", "../one/layer.tar")
            .File("config.json", Encoding.Latin1.GetString(config)).File("manifest.json", DockerManifest("config.json", "two/layer.tar")).End())[0];

        Assert.Equal(Digest.Of(config), image.Id);
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("../../../../../../../../etc/hostname")]
    [InlineData("/proc/self/environ")]
    [InlineData("fifo")]
    [InlineData("folder")]
    [InlineData("nothing")]
    [InlineData("")]
    [InlineData("link")]
    public void A_layer_is_a_file_of_the_archive_and_nothing_else(string path)
    {
        byte[] layer = new HostileTar().File("a", "1").End();
        byte[] archive = new HostileTar().Device("fifo", '6', 0, 0).Folder("folder/").Link("link", "/etc/hostname")
            .File("config.json", Encoding.Latin1.GetString(ConfigOf(layer))).File("manifest.json", DockerManifest("config.json", path)).End();

        Refuses(archive);
    }

    [Theory]
    [InlineData('3')]
    [InlineData('4')]
    public void A_device_in_an_archive_is_not_made(char type)
    {
        byte[] archive = new HostileTar().Device("oci-layout", type, 1, 3).Device("manifest.json", type, 1, 3).File("index.json", "{}").File(".wh.a").End();
        using MemoryStream stream = new(archive);
        (string path, SafeFileHandle root) = _store.Images.Layers.Spool(stream);
        root.Dispose();
        Assert.Equal([".wh.a", "index.json"], Directory.GetFileSystemEntries(path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        FileTrees.Remove(path);

        Assert.Contains("this is no archive of images", Refuses(archive).Message, StringComparison.Ordinal);
        Refuses(new HostileTar().Device("device", type, 1, 3).HardLink("oci-layout", "device").End());
    }

    [Theory]
    [InlineData(FileType.S_IFCHR)]
    [InlineData(FileType.S_IFIFO)]
    public void What_is_no_file_is_not_even_opened(FileType type)
    {
        const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string layout = Directory.CreateDirectory(Path.Join(_store.Root, "layout")).FullName;
        foreach (string name in (string[])["oci-layout", "index.json", "manifest.json"])
        {
            Files.MknodAt(Descriptor.WorkingDirectory, Path.Join(layout, name), type, Own, new DeviceNumber(1, 3));
        }

        using SafeFileHandle watch = Inotify.Create();
        Inotify.AddWatch(watch, Path.Join(layout, "oci-layout"), InotifyEvents.IN_OPEN);
        Inotify.AddWatch(watch, Path.Join(layout, "manifest.json"), InotifyEvents.IN_OPEN);
        ImageException refused = Assert.Throws<ImageException>(() => new ImageLoader(_store.Images).LoadDirectory(layout, PlatformChoice.Parse("linux/amd64")));

        Assert.Contains("this is no archive of images", refused.Message, StringComparison.Ordinal);
        Assert.False(Inotify.Drain(watch));
    }

    [Theory]
    [InlineData("manifest.json", "[]")]
    [InlineData("manifest.json", "{}")]
    [InlineData("manifest.json", "[")]
    [InlineData("manifest.json", "[{}]")]
    [InlineData("manifest.json", "[{\"Config\":7,\"Layers\":[]}]")]
    [InlineData("manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[]}]")]
    [InlineData("manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[\"l\",\"l\",\"l\"]}]")]
    [InlineData("manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[\"config.json\"]}]")]
    [InlineData("index.json", "{\"schemaVersion\":2,\"manifests\":[]}")]
    [InlineData("index.json", "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"{self}\",\"size\":1}]}")]
    [InlineData("index.json", "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:../../../../etc/passwd\",\"size\":1}]}")]
    [InlineData("nothing", "")]
    public void A_table_of_contents_that_makes_no_sense_is_refused(string name, string text)
    {
        byte[] layer = new HostileTar().File("a", "1").End();
        string words = text.Replace("{self}", Digest.Of("x"u8).ToString(), StringComparison.Ordinal);
        Refuses(new HostileTar().File("oci-layout", "{}").File("config.json", Encoding.Latin1.GetString(ConfigOf(layer))).File(name, words).End());
    }

    [Fact]
    public void Content_that_is_not_what_its_digest_says_is_refused()
    {
        Load(_store, DockerArchive(new HostileTar().File("a", "1").End()));
        string saved = Encoding.Latin1.GetString(Save("test:1"));
        using Store elsewhere = new();

        // The same length, so the archive itself is whole.
        ImageException refused = Assert.Throws<ImageException>(() => Load(elsewhere, Encoding.Latin1.GetBytes(saved.Replace("\"linux\"", "\"linuy\"", StringComparison.Ordinal))));

        Assert.Contains("another", refused.Message, StringComparison.Ordinal);
        Assert.Empty(elsewhere.Images.Table.List());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(elsewhere.Root, "staging")));
    }

    [Fact]
    public void A_directory_that_is_a_layout_is_loaded()
    {
        Load(_store, DockerArchive(new HostileTar().File("a", "1").End()));
        File.WriteAllBytes(Path.Join(_store.Root, "t"), Save("test:1"));
        string layout = Directory.CreateDirectory(Path.Join(_store.Root, "layout")).FullName;
        Command.Run("/bin/tar", "-C", layout, "-xf", Path.Join(_store.Root, "t")).Succeeded();
        using Store elsewhere = new();

        LoadedImage image = new ImageLoader(elsewhere.Images).LoadDirectory(layout, PlatformChoice.Parse("linux/amd64"))[0];

        Assert.Equal("test:1", image.Names[0].FamiliarText);
        Assert.True(Directory.Exists(Path.Join(layout, "blobs")));
    }

    [Fact]
    public void An_imported_archive_is_an_image_with_what_was_said_of_it()
    {
        byte[] files = HostileTar.Gzip(new HostileTar().File("f", "1").End());
        using MemoryStream stream = new(files);
        MadeImage made = new()
        {
            Message = "why",
            Changes = ["CMD [\"/f\", \"x y\"]", "ENTRYPOINT run me", "ENV A=1 B=\"2 3\"", "ENV OLD way it was", "LABEL l=m", "USER app", "WORKDIR a", "WORKDIR b", "EXPOSE 80", "VOLUME /data", "STOPSIGNAL SIGINT"],
        };

        Digest id = new ImageMaker(_store.Images, TimeProvider.System).Import(stream, made, ImageReference.Parse("made"));

        ImageConfig config = _store.Images.ReadConfig(id);
        Assert.Equal(["/f", "x y"], config.Process.Cmd);
        Assert.Equal(["/bin/sh", "-c", "run me"], config.Process.Entrypoint);
        Assert.Equal(["A=1", "B=2 3", "OLD=way it was"], config.Process.Env);
        Assert.Equal(("app", "/a/b", "SIGINT"), (config.Process.User, config.Process.WorkingDir, config.Process.StopSignal));
        Assert.Equal(["80/tcp", "/data"], config.Process.ExposedPorts.Concat(config.Process.Volumes));
        Assert.Equal("why", Assert.Single(config.History).Comment);
        Assert.Equal(id, _store.Images.Get("made:latest").Id);
        Assert.Equal("1", File.ReadAllText(Path.Join(_store.Images.Layers.PathOf(config.DiffIds[0]), "f")));
    }

    [Theory]
    [InlineData("RUN x")]
    [InlineData("CMD")]
    [InlineData("")]
    [InlineData("ENV =x")]
    [InlineData("ENV alone")]
    public void A_change_that_is_none_is_refused(string change)
    {
        using MemoryStream stream = new(new HostileTar().File("f").End());

        Assert.Throws<ImageException>(() => new ImageMaker(_store.Images, TimeProvider.System).Import(stream, new MadeImage { Changes = [change] }, name: null));
        Assert.Empty(_store.Images.Table.List());
    }

    [Fact]
    public void What_is_not_here_is_not_saved()
    {
        Load(_store, DockerArchive(new HostileTar().File("a", "1").End()));
        Assert.Throws<ImageException>(() => Save("nothing"));
        _store.Images.Contents.Remove(_store.Images.ReadManifest(_store.Images.Get("test:1").Manifest).Layers[0].Digest);

        using MemoryStream archive = new();
        Assert.Throws<ImageException>(() => new ImageSaver(_store.Images).Save(["test:1"], archive));
        Assert.Equal(0, archive.Length);
    }

    public void Dispose() => _store.Dispose();

    internal static IReadOnlyList<LoadedImage> Load(Store store, byte[] archive)
    {
        using MemoryStream stream = new(archive);
        return new ImageLoader(store.Images).Load(stream, PlatformChoice.Parse("linux/amd64"));
    }

    internal static byte[] DockerArchive(params byte[][] layers)
    {
        HostileTar tar = new HostileTar().File("config.json", Encoding.Latin1.GetString(ConfigOf(layers)))
            .File("manifest.json", DockerManifest("config.json", [.. layers.Select((_, i) => $"{i}/layer.tar")]));
        for (int i = 0; i < layers.Length; i++)
        {
            tar.File($"{i}/layer.tar", Encoding.Latin1.GetString(layers[i]));
        }

        return tar.End();
    }

    internal static byte[] Save(Store store, params string[] names)
    {
        using MemoryStream archive = new();
        new ImageSaver(store.Images).Save(names, archive);
        return archive.ToArray();
    }

    private static byte[] ConfigOf(params byte[][] layers) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["architecture"] = "amd64",
        ["os"] = "linux",
        ["config"] = new JsonObject { ["Cmd"] = new JsonArray("/a") },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(layer => JsonValue.Create(Digest.Of(layer).ToString()))]) },
    }.ToJsonString());

    private static string DockerManifest(string config, params string[] layers) => new JsonArray(new JsonObject
    {
        ["Config"] = config,
        ["RepoTags"] = new JsonArray("test:1"),
        ["Layers"] = new JsonArray([.. layers.Select(layer => JsonValue.Create(layer))]),
    }).ToJsonString();

    private byte[] Save(params string[] names) => Save(_store, names);

    private ImageException Refuses(byte[] archive)
    {
        ImageException refused = Assert.Throws<ImageException>(() => Load(_store, archive));
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Empty(_store.Images.Table.List());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_store.Root, "staging")));
        return refused;
    }
}
