using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>How a layer is packed.</summary>
public enum Packing
{
    Gzip,
    Zstd,
    None,
}

/// <summary>An image made here: its documents and its layers, in memory.</summary>
public sealed class TestImage
{
    private TestImage(byte[] config, byte[] manifest, Dictionary<Digest, byte[]> blobs, string mediaType)
        => (Config, Manifest, Blobs, MediaType) = (config, manifest, blobs, mediaType);

    public byte[] Config { get; }

    public byte[] Manifest { get; }

    public string MediaType { get; }

    /// <summary>Configuration and layers.</summary>
    public Dictionary<Digest, byte[]> Blobs { get; }

    public Digest Digest => Digest.Of(Manifest);

    public Digest Id => Digest.Of(Config);

    public Digest[] Layers => [.. Blobs.Keys.Where(blob => blob != Id)];

    /// <summary>An image of layers with a file each: <c>name=content</c>.</summary>
    public static TestImage Of(params string[] files) => Make(Packing.Gzip, "amd64", [.. files.Select(file => Tar(file.Split('=')[0], Encoding.UTF8.GetBytes(file.Split('=')[1])))]);

    /// <summary>An image of layers of so many bytes that cannot be packed.</summary>
    public static TestImage OfSizes(params int[] sizes) => Make(Packing.Gzip, "amd64", [.. sizes.Select((size, i) => Tar($"file{i}", Noise(size, i)))]);

    public static TestImage Make(Packing packing, string architecture, params byte[][] archives)
    {
        Dictionary<Digest, byte[]> blobs = [];
        JsonArray layers = [];
        JsonArray diffIds = [];
        foreach (byte[] archive in archives)
        {
            byte[] blob = Pack(archive, packing);
            blobs[Digest.Of(blob)] = blob;
            layers.Add((JsonNode)Descriptor(TypeOf(packing), blob));
            diffIds.Add(Digest.Of(archive).ToString());
        }

        byte[] config = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["architecture"] = architecture,
            ["os"] = "linux",
            ["created"] = "2026-01-02T03:04:05Z",
            ["config"] = new JsonObject { ["Cmd"] = new JsonArray("sh"), ["Labels"] = new JsonObject { ["colour"] = "green" } },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = diffIds },
            ["history"] = new JsonArray(
                new JsonObject { ["created"] = "2026-01-02T03:04:05Z", ["created_by"] = "ADD file" },
                new JsonObject { ["created"] = "2026-01-02T03:04:05Z", ["created_by"] = "CMD [\"sh\"]", ["empty_layer"] = true }),
        }.ToJsonString());
        blobs[Digest.Of(config)] = config;
        byte[] manifest = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.Manifest,
            ["config"] = Descriptor(MediaTypes.Config, config),
            ["layers"] = layers,
        }.ToJsonString());
        return new TestImage(config, manifest, blobs, MediaTypes.Manifest);
    }

    /// <summary>The same image with another manifest.</summary>
    public TestImage With(Action<JsonObject> change)
    {
        JsonObject manifest = JsonNode.Parse(Manifest)!.AsObject();
        change(manifest);
        return new TestImage(Config, Encoding.UTF8.GetBytes(manifest.ToJsonString()), Blobs, MediaType);
    }

    /// <summary>An index of images, each for an architecture.</summary>
    public static byte[] Index(params (string Architecture, TestImage Image)[] images) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["mediaType"] = MediaTypes.Index,
        ["manifests"] = new JsonArray([.. images.Select(pair => (JsonNode)new JsonObject
        {
            ["mediaType"] = MediaTypes.Manifest,
            ["digest"] = pair.Image.Digest.ToString(),
            ["size"] = pair.Image.Manifest.Length,
            ["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = pair.Architecture },
        })]),
    }.ToJsonString());

    public static byte[] Tar(string name, byte[] content)
    {
        using MemoryStream archive = new();
        using (System.Formats.Tar.TarWriter writer = new(archive, TarEntryFormat.Pax))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = new MemoryStream(content),
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return archive.ToArray();
    }

    /// <summary>Puts it where a registry keeps it, without cdock's help.</summary>
    public async Task PutTo(HttpClient registry, string repository, string tag)
    {
        foreach ((Digest digest, byte[] content) in Blobs)
        {
            using HttpResponseMessage begun = await registry.PostAsync($"v2/{repository}/blobs/uploads/", content: null);
            Uri location = new(registry.BaseAddress!, begun.EnsureSuccessStatusCode().Headers.Location!);
            using ByteArrayContent body = new(content);
            using HttpResponseMessage put = await registry.PutAsync($"{location}{(location.Query.Length > 0 ? "&" : "?")}digest={digest}", body);
            put.EnsureSuccessStatusCode();
        }

        await PutManifest(registry, repository, tag, Manifest, MediaType);
    }

    public static async Task PutManifest(HttpClient registry, string repository, string tag, byte[] content, string mediaType)
    {
        using ByteArrayContent body = new(content) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } };
        using HttpResponseMessage put = await registry.PutAsync($"v2/{repository}/manifests/{tag}", body);
        Assert.True(put.StatusCode == HttpStatusCode.Created, await put.Content.ReadAsStringAsync());
    }

    private static byte[] Noise(int size, int seed)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static JsonObject Descriptor(string type, byte[] blob) => new()
    {
        ["mediaType"] = type,
        ["digest"] = Digest.Of(blob).ToString(),
        ["size"] = blob.Length,
    };

    private static string TypeOf(Packing packing) => packing switch
    {
        Packing.Gzip => MediaTypes.LayerGzip,
        Packing.Zstd => MediaTypes.LayerZstd,
        Packing.None => MediaTypes.Layer,
        _ => throw new ArgumentOutOfRangeException(nameof(packing)),
    };

    private static byte[] Pack(byte[] archive, Packing packing)
    {
        if (packing == Packing.None)
        {
            return archive;
        }

        using MemoryStream packed = new();
        using (Stream packer = packing == Packing.Gzip ? new GZipStream(packed, CompressionLevel.Fastest) : new ZstdSharp.CompressionStream(packed))
        {
            packer.Write(archive);
        }

        return packed.ToArray();
    }
}
