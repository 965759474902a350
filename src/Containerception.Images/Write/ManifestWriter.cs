using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>Writes manifests in the image-spec's own form: the same image gives the same bytes.</summary>
internal static class ManifestWriter
{
    /// <summary>What an index says of an image's name, as containerd and docker have it: the whole of it, and its tag.</summary>
    public const string NameAnnotation = "io.containerd.image.name";

    /// <summary>The image-spec's: a tag for most, the whole name for podman.</summary>
    public const string RefAnnotation = "org.opencontainers.image.ref.name";

    public static byte[] Write(ImageManifest manifest) => Json(json =>
    {
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.Manifest);
        json.WritePropertyName("config");
        Descriptor(json, MediaTypes.Config, manifest.Config, name: null);
        json.WriteStartArray("layers");
        foreach (ContentDescriptor layer in manifest.Layers)
        {
            Descriptor(json, OciType(layer.MediaType), layer, name: null);
        }

        json.WriteEndArray();
    });

    /// <summary>An index with an entry for each name of each image, and one for an image without any.</summary>
    public static byte[] WriteIndex(IEnumerable<(ContentDescriptor Manifest, ImageReference? Name)> images) => Json(json =>
    {
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.Index);
        json.WriteStartArray("manifests");
        foreach ((ContentDescriptor manifest, ImageReference? name) in images)
        {
            Descriptor(json, MediaTypes.Manifest, manifest, name);
        }

        json.WriteEndArray();
    });

    private static void Descriptor(Utf8JsonWriter json, string type, ContentDescriptor content, ImageReference? name)
    {
        json.WriteStartObject();
        json.WriteString("mediaType", type);
        json.WriteString("digest", content.Digest.ToString());
        json.WriteNumber("size", content.Size);
        if (name is not null)
        {
            json.WriteStartObject("annotations");
            json.WriteString(NameAnnotation, name.ToString());
            json.WriteString(RefAnnotation, name.Tag);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static string OciType(string type) => type switch
    {
        MediaTypes.DockerLayer => MediaTypes.Layer,
        MediaTypes.DockerLayerGzip or "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => MediaTypes.LayerGzip,
        _ => type,
    };

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, JsonEscaping.Line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
