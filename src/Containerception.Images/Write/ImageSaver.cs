using System.Text.Json;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// Writes images into one archive that is both an OCI layout and a docker archive, as docker does since 25: the blobs once, and two tables of
/// contents. The same images give the same bytes.
/// </summary>
public sealed class ImageSaver(ImageStore store)
{
    private const string Blobs = "blobs/";
    private static readonly byte[] Layout = """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray();

    /// <param name="names">As docker's: with a tag or a digest that name alone, an id for no name, a bare name for all of its tags.</param>
    /// <param name="archive">Where it goes.</param>
    /// <exception cref="ImageException">An image is not here, or not whole.</exception>
    public void Save(IEnumerable<string> names, Stream archive)
    {
        using SafeFileHandle held = store.Hold();
        List<SavedImage> images = [];
        foreach (string name in names)
        {
            Add(images, name);
        }

        // Looked at before the first byte: an archive that breaks off helps nobody.
        SortedDictionary<string, (Digest Digest, byte[]? Content)> blobs = new(StringComparer.Ordinal);
        foreach (SavedImage image in images)
        {
            AddBlob(blobs, image.Manifest.Digest, image.ManifestContent);
            AddBlob(blobs, image.Content.Config.Digest, null);
            foreach (ContentDescriptor layer in image.Content.Layers)
            {
                AddBlob(blobs, layer.Digest, null);
            }
        }

        TarWriter writer = new(archive);
        WriteBlobs(writer, blobs);
        IEnumerable<(ContentDescriptor, ImageReference?)> entries = images.SelectMany(image => image.Names.Count == 0
            ? [(image.Manifest, (ImageReference?)null)]
            : image.Names.Select(one => (image.Manifest, (ImageReference?)one)));
        WriteFile(writer, "index.json", ManifestWriter.WriteIndex(entries));
        WriteFile(writer, "manifest.json", DockerManifest(images));
        WriteFile(writer, "oci-layout", Layout);
        writer.End();
    }

    private void Add(List<SavedImage> images, string name)
    {
        (StoredImage stored, IEnumerable<ImageReference> tags) = Find(name);
        SavedImage? image = images.Find(one => one.Stored.Id == stored.Id);
        if (image is null)
        {
            ImageManifest content = store.ReadManifest(stored.Manifest);
            byte[] manifest = ManifestWriter.Write(content);
            ContentDescriptor descriptor = new() { MediaType = MediaTypes.Manifest, Digest = Digest.Of(manifest), Size = manifest.Length };
            images.Add(image = new SavedImage(stored, content, manifest, descriptor));
        }

        foreach (ImageReference tag in tags)
        {
            image.Names.Add(tag);
        }
    }

    private (StoredImage Image, IEnumerable<ImageReference> Tags) Find(string name)
    {
        StoredImage image = store.Get(name);
        ImageReference? reference = TryParse(name);
        ImageName? exact = reference is null ? null : image.Tags.FirstOrDefault(one => one.Reference == reference);
        return exact is null ? (image, [])
            : name.AsSpan(name.LastIndexOf('/') + 1).Contains(':') ? (image, [exact.Reference])
            : (image, image.Tags.Select(one => one.Reference).Where(one => one.Registry == reference!.Registry && one.Repository == reference.Repository));
    }

    private static ImageReference? TryParse(string name)
    {
        try
        {
            return ImageReference.Parse(name);
        }
        catch (ImageException)
        {
            // An id, then: the image was found.
            return null;
        }
    }

    private void AddBlob(SortedDictionary<string, (Digest Digest, byte[]? Content)> blobs, Digest digest, byte[]? content)
    {
        if (content is null && !store.Contents.Has(digest))
        {
            throw new ImageException(ImageFailure.NotFound, $"the content {digest} is not in the store", "pull the image again");
        }

        blobs[PathOf(digest)] = (digest, content);
    }

    private void WriteBlobs(TarWriter writer, SortedDictionary<string, (Digest Digest, byte[]? Content)> blobs)
    {
        HashSet<string> directories = [];
        foreach ((string path, (Digest digest, byte[]? content)) in blobs)
        {
            foreach (string directory in (ReadOnlySpan<string>)[Blobs, $"{Blobs}{digest.Algorithm}/"])
            {
                if (directories.Add(directory))
                {
                    writer.Begin(Entry(directory, TarEntryKind.Directory, (UnixFileMode)0x1ED, 0)); // 0755
                }
            }

            if (content is not null)
            {
                WriteFile(writer, path, content);
                continue;
            }

            using FileStream blob = File.OpenRead(store.Contents.PathOf(digest));
            writer.Begin(Entry(path, TarEntryKind.File, (UnixFileMode)0x1A4, blob.Length)); // 0644
            byte[] buffer = new byte[1 << 18];
            int count;
            while ((count = blob.Read(buffer)) > 0)
            {
                writer.Write(buffer.AsSpan(0, count));
            }
        }
    }

    private static byte[] DockerManifest(List<SavedImage> images)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, JsonEscaping.Line))
        {
            json.WriteStartArray();
            foreach (SavedImage image in images)
            {
                json.WriteStartObject();
                json.WriteString("Config", PathOf(image.Content.Config.Digest));
                json.WriteStartArray("RepoTags");
                foreach (ImageReference name in image.Names)
                {
                    json.WriteStringValue($"{name.FamiliarName}:{name.Tag}");
                }

                json.WriteEndArray();
                json.WriteStartArray("Layers");
                foreach (ContentDescriptor layer in image.Content.Layers)
                {
                    json.WriteStringValue(PathOf(layer.Digest));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return stream.ToArray();
    }

    private static string PathOf(Digest digest) => $"{Blobs}{digest.Algorithm}/{digest.Hex}";

    private static void WriteFile(TarWriter writer, string name, byte[] content)
    {
        writer.Begin(Entry(name, TarEntryKind.File, (UnixFileMode)0x1A4, content.Length)); // 0644
        writer.Write(content);
    }

    private static TarEntry Entry(string name, TarEntryKind kind, UnixFileMode mode, long size) => new()
    {
        Name = name,
        LinkName = "",
        Kind = kind,
        Mode = mode,
        Uid = 0,
        Gid = 0,
        StoredSize = size,
        Size = size,
        Device = default,
        Modified = DateTimeOffset.UnixEpoch,
        Attributes = [],
    };

    /// <summary>An image on its way into an archive, with those of its names that go along.</summary>
    private sealed record SavedImage(StoredImage Stored, ImageManifest Content, byte[] ManifestContent, ContentDescriptor Manifest)
    {
        public SortedSet<ImageReference> Names { get; } = new(Comparer<ImageReference>.Create(static (one, other) => string.CompareOrdinal(one.ToString(), other.ToString())));
    }
}
