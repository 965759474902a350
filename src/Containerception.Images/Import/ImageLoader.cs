using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>An image that came from an archive.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Names">The names that the archive gives it.</param>
public sealed record LoadedImage(Digest Id, ImmutableArray<ImageReference> Names);

/// <summary>
/// Brings images here from archives: docker's (<c>manifest.json</c>) and OCI layouts (<c>index.json</c>), as docker, podman, skopeo, umoci and
/// the .NET SDK write them, plain or compressed, or unpacked in a directory. What is in them is a stranger's word: every digest is checked.
/// </summary>
public sealed class ImageLoader(ImageStore store)
{
    private const int ImagesMax = 1000;

    /// <summary>Loads an archive.</summary>
    /// <param name="archive">Its bytes.</param>
    /// <param name="platform">What to choose where there are several.</param>
    /// <exception cref="ImageException">It is no archive of images, or a damaged one. What was loaded before stays.</exception>
    public IReadOnlyList<LoadedImage> Load(Stream archive, Platform platform)
    {
        using SafeFileHandle held = store.Hold();
        using LayoutDirectory layout = Unpack(archive);
        return Load(layout, platform);
    }

    /// <summary>Loads an OCI layout, or an unpacked archive.</summary>
    /// <exception cref="ImageException">It is none, or a damaged one.</exception>
    public IReadOnlyList<LoadedImage> LoadDirectory(string path, Platform platform)
    {
        using SafeFileHandle held = store.Hold();
        using LayoutDirectory layout = LayoutDirectory.Open(path);
        return Load(layout, platform);
    }

    private List<LoadedImage> Load(LayoutDirectory layout, Platform platform)
    {
        try
        {
            return layout.Has("oci-layout") && layout.TryRead("index.json") is { } index ? LoadLayout(layout, index, platform)
                : layout.TryRead("manifest.json") is { } manifest ? LoadDocker(layout, manifest)
                : throw new ImageException(ImageFailure.Invalid, "this is no archive of images: it has neither manifest.json nor oci-layout and index.json", "`cdock import` takes the archive of a file system");
        }
        catch (Exception failure) when (failure is ConfigException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ImageException(ImageFailure.Damaged, $"the archive is damaged: {failure.Message}", cause: failure);
        }
    }

    private List<LoadedImage> LoadLayout(LayoutDirectory layout, byte[] document, Platform platform)
    {
        List<LoadedImage> loaded = [];
        foreach (ContentDescriptor entry in ImageIndex.Read(document).Manifests)
        {
            ContentDescriptor manifest = MediaTypes.IsIndex(entry.MediaType) ? Choose(layout, entry, platform) : entry;
            if (MediaTypes.IsManifest(manifest.MediaType))
            {
                Add(loaded, LoadManifest(layout, manifest), NameOf(entry));
            }
        }

        return loaded.Count > 0 ? loaded : throw new ImageException(ImageFailure.Invalid, "the archive's index leads to no image");
    }

    /// <summary>One index may lead to another, which leads to images: any further and it could go in circles.</summary>
    private static ContentDescriptor Choose(LayoutDirectory layout, ContentDescriptor entry, Platform platform)
        => PlatformChoice.Best(ImageIndex.Read(ReadBlob(layout, entry.Digest)).Manifests, platform)
            ?? throw new ImageException(ImageFailure.NotFound, $"the archive has no image for {platform}", "choose another with --platform");

    private Digest LoadManifest(LayoutDirectory layout, ContentDescriptor descriptor)
    {
        byte[] content = ReadBlob(layout, descriptor.Digest);
        ImageManifest manifest = ImageManifest.Read(content);
        ImageConfig config = ImageConfig.Read(ReadBlob(layout, manifest.Config.Digest));
        RequireSame(manifest.Layers.Length, config.DiffIds.Length);
        layout.Take(BlobPath(manifest.Config.Digest), manifest.Config.Digest, store.Contents);
        foreach ((ContentDescriptor layer, Digest diffId) in manifest.Layers.Zip(config.DiffIds))
        {
            Unpack(layout.Take(BlobPath(layer.Digest), layer.Digest, store.Contents), diffId);
        }

        store.Contents.Write(descriptor.Digest, content);
        return descriptor.Digest;
    }

    private List<LoadedImage> LoadDocker(LayoutDirectory layout, byte[] document)
    {
        List<LoadedImage> loaded = [];
        using JsonDocument table = JsonDocument.Parse(document);
        foreach (JsonElement image in table.RootElement.EnumerateArray())
        {
            if (loaded.Count == ImagesMax)
            {
                throw new ImageException(ImageFailure.Damaged, $"the archive has more than {ImagesMax} images");
            }

            string configPath = image.GetProperty("Config").GetString() ?? "";
            ImageConfig config = ImageConfig.Read(layout.TryRead(configPath) ?? throw new ImageException(ImageFailure.Damaged, $"the archive has no file {configPath}"));
            List<string> paths = [.. image.GetProperty("Layers").EnumerateArray().Select(path => path.GetString() ?? "")];
            RequireSame(paths.Count, config.DiffIds.Length);
            List<ContentDescriptor> layers = [];
            foreach ((string path, Digest diffId) in paths.Zip(config.DiffIds))
            {
                layers.Add(layout.Take(path, wanted: null, store.Contents));
                Unpack(layers[^1], diffId);
            }

            ContentDescriptor configBlob = layout.Take(configPath, wanted: null, store.Contents);
            byte[] manifest = ManifestWriter.Write(new ImageManifest { Config = configBlob, Layers = [.. layers] });
            store.Contents.Write(Digest.Of(manifest), manifest);
            IEnumerable<JsonElement> tags = image.TryGetProperty("RepoTags", out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];
            Add(loaded, Digest.Of(manifest), [.. tags.Select(tag => ImageReference.Parse(tag.GetString() ?? ""))]);
        }

        return loaded.Count > 0 ? loaded : throw new ImageException(ImageFailure.Invalid, "the archive has no image");
    }

    private LayoutDirectory Unpack(Stream archive)
    {
        try
        {
            return LayoutDirectory.Unpack(archive, store.Layers);
        }
        catch (ImageException broken) when (broken.Failure == ImageFailure.Damaged)
        {
            throw new ImageException(
                ImageFailure.Damaged, broken.Message.Replace("the layer cannot", "the archive cannot", StringComparison.Ordinal),
                "`cdock load` takes what `cdock save`, docker, podman and skopeo write", broken);
        }
    }

    private void Unpack(ContentDescriptor layer, Digest diffId)
    {
        if (!store.HasLayer(diffId))
        {
            using FileStream file = File.OpenRead(store.Contents.PathOf(layer.Digest));
            store.UnpackLayer(file, diffId, finish: static () => { });
        }
    }

    private void Add(List<LoadedImage> loaded, Digest manifest, ImmutableArray<ImageReference> names)
    {
        // A name with a digest alone is what a registry says, and no archive's to give.
        ImmutableArray<ImageReference> tags = [.. names.Where(name => name.Tag is not null).Select(name => name with { Digest = null })];
        store.Register(manifest, [.. tags.Select(name => new ImageName(name, manifest, manifest))]);
        Digest id = store.ReadManifest(manifest).Config.Digest;
        int same = loaded.FindIndex(one => one.Id == id);
        if (same < 0)
        {
            loaded.Add(new LoadedImage(id, tags));
        }
        else
        {
            loaded[same] = loaded[same] with { Names = [.. loaded[same].Names, .. tags] };
        }
    }

    /// <summary>docker and containerd give the whole name of its own; podman and skopeo put it, or only a tag, where the image-spec has a place.</summary>
    private static ImmutableArray<ImageReference> NameOf(ContentDescriptor entry)
    {
        if (entry.Annotations.TryGetValue(ManifestWriter.NameAnnotation, out string? whole))
        {
            return [ImageReference.Parse(whole)];
        }

        return entry.Annotations.TryGetValue(ManifestWriter.RefAnnotation, out string? name) && name.AsSpan().ContainsAny('/', ':') ? [ImageReference.Parse(name)] : [];
    }

    private static byte[] ReadBlob(LayoutDirectory layout, Digest digest)
    {
        byte[] content = layout.TryRead(BlobPath(digest)) ?? throw new ImageException(ImageFailure.Damaged, $"the archive has no content {digest}");
        using System.Security.Cryptography.IncrementalHash hash = digest.NewHash();
        hash.AppendData(content);
        return digest.Matches(hash.GetHashAndReset()) ? content : throw new ImageException(ImageFailure.Damaged, $"the archive's content {digest} is another");
    }

    private static string BlobPath(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    private static void RequireSame(int layers, int diffIds)
    {
        if (layers != diffIds)
        {
            throw new ImageException(ImageFailure.Damaged, $"an image's manifest has {layers} layers, its configuration {diffIds}");
        }
    }
}
