using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>What is said of an image that is made of one layer more.</summary>
public sealed record MadeImage
{
    public string? Author { get; init; }

    public string? Message { get; init; }

    /// <summary>What made the layer, as its history tells.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Instructions of a Dockerfile.</summary>
    public ImmutableArray<string> Changes { get; init; } = [];

    /// <summary>Members of the configuration that take the place of the base's; null takes one away.</summary>
    public ImmutableArray<(string Name, JsonNode? Value)> Config { get; init; } = [];

    /// <summary>What a new image runs on.</summary>
    public Platform Platform { get; init; } = PlatformChoice.OfThisMachine;

    /// <summary>The image that the layer lies on; null for none.</summary>
    public Digest? Base { get; init; }
}

/// <summary>Makes images of archives of files: a layer, and a configuration that says so.</summary>
public sealed class ImageMaker(ImageStore store, TimeProvider clock)
{
    private const string LayerName = "layer";

    /// <summary>Makes an image of an archive, perhaps compressed.</summary>
    /// <param name="archive">Its bytes.</param>
    /// <param name="made">What is said of it.</param>
    /// <param name="name">The image's name; null for none.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="ImageException">It is no archive, or says too much.</exception>
    public Digest Import(Stream archive, MadeImage made, ImageReference? name)
        => Make(layer => archive.CopyTo(layer), isOurs: false, made, name);

    /// <summary>Makes an image of what <paramref name="write"/> writes, as an archive; compressed here.</summary>
    /// <returns>Its id.</returns>
    public Digest Commit(Action<Stream> write, MadeImage made, ImageReference? name)
        => Make(
            layer =>
            {
                using GZipStream gzip = new(layer, CompressionLevel.Fastest, leaveOpen: true);
                write(gzip);
            },
            isOurs: true, made, name);

    private Digest Make(Action<Stream> write, bool isOurs, MadeImage made, ImageReference? name)
    {
        if (name is { Tag: null } or { Digest: not null })
        {
            throw new ImageException(ImageFailure.Invalid, $"{name.FamiliarText}: an image is given a tag, not a digest");
        }

        using SafeFileHandle held = store.Hold();
        JsonObject document = made.Base is { } below ? (JsonObject)JsonNode.Parse(store.Contents.Read(below))! : New(made.Platform);
        ContentDescriptor layer = Keep(write);
        Digest diffId = Unpack(layer, isOurs);
        Describe(document, diffId, made);
        byte[] config = Encoding.UTF8.GetBytes(document.ToJsonString());

        // Read as a stranger's would be: what was changed may make no sense.
        _ = ImageConfig.Read(config);
        store.Contents.Write(Digest.Of(config), config);
        ContentDescriptor configBlob = new() { MediaType = MediaTypes.Config, Digest = Digest.Of(config), Size = config.Length };
        ImmutableArray<ContentDescriptor> layers = made.Base is { } id ? store.ReadManifest((store.Table.Find(id) ?? throw Gone(id)).Manifest).Layers : [];
        byte[] manifest = ManifestWriter.Write(new ImageManifest { Config = configBlob, Layers = [.. layers, layer] });
        store.Contents.Write(Digest.Of(manifest), manifest);
        store.Register(Digest.Of(manifest), name is null ? [] : [new ImageName(name, Digest.Of(manifest), Digest.Of(manifest))]);
        return configBlob.Digest;
    }

    private static JsonObject New(Platform platform) => new()
    {
        ["architecture"] = platform.Architecture,
        ["os"] = platform.Os,
        ["config"] = new JsonObject(),
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray() },
    };

    private ContentDescriptor Keep(Action<Stream> write)
    {
        using LayoutDirectory scratch = LayoutDirectory.Empty(store.Layers);
        using (FileStream file = scratch.Create(LayerName))
        {
            write(file);
        }

        return scratch.Take(LayerName, wanted: null, store.Contents);
    }

    private Digest Unpack(ContentDescriptor layer, bool isOurs)
    {
        using FileStream file = File.OpenRead(store.Contents.PathOf(layer.Digest));
        return store.UnpackLayer(file, diffId: null, finish: static () => { }, isOurs);
    }

    private void Describe(JsonObject document, Digest diffId, MadeImage made)
    {
        string now = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        JsonObject config = Member(document, "config");
        foreach ((string name, JsonNode? value) in made.Config)
        {
            config.Remove(name);
            if (value is not null)
            {
                config[name] = value.DeepClone();
            }
        }

        foreach (string change in made.Changes)
        {
            ConfigChanges.Apply(config, change);
        }

        document["created"] = now;
        if (made.Author is not null)
        {
            document["author"] = made.Author;
        }

        // A base may come without either.
        JsonObject root = Member(document, "rootfs");
        root["type"] = "layers";
        Append(root, "diff_ids", JsonValue.Create(diffId.ToString()));
        JsonObject history = new() { ["created"] = now };
        foreach ((string name, string? text) in (ReadOnlySpan<(string, string?)>)[("author", made.Author), ("created_by", made.CreatedBy), ("comment", made.Message)])
        {
            if (!string.IsNullOrEmpty(text))
            {
                history[name] = text;
            }
        }

        FillHistory(document);
        Append(document, "history", history);
    }

    /// <summary>Some builders tell nothing of their layers: what follows must not be taken for theirs.</summary>
    private static void FillHistory(JsonObject document)
    {
        int told = (document["history"] as JsonArray ?? []).Count(one => (bool?)one?["empty_layer"] != true);
        for (int before = ((JsonArray)document["rootfs"]!["diff_ids"]!).Count - 1; told < before; told++)
        {
            Append(document, "history", new JsonObject());
        }
    }

    private static JsonObject Member(JsonObject document, string name)
    {
        if (document[name] is not JsonObject member)
        {
            document[name] = member = [];
        }

        return member;
    }

    private static void Append(JsonObject document, string name, JsonNode item)
    {
        if (document[name] is not JsonArray list)
        {
            document[name] = list = [];
        }

        list.Add(item);
    }

    private static ImageException Gone(Digest id) => new(ImageFailure.NotFound, $"the image {id} is not here any more", "pull it again");
}
