using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>The documents of an image, which come from a stranger.</summary>
internal static class ImageReader
{
    /// <summary>overlayfs takes 500 lower directories (fs/overlayfs, OVL_MAX_STACK): an image of more could never be used.</summary>
    private const int LayersMax = 499;

    /// <summary>Manifests are not layers: a stranger's index is not to cost a request each for a million entries.</summary>
    private const int ManifestsMax = 1000;

    public static ImageManifest ReadManifest(ConfigNode manifest)
    {
        RequireSchema2(manifest);
        ImmutableArray<ContentDescriptor> layers = manifest.Objects("layers", ReadDescriptor);
        Require.That(layers.Length <= LayersMax, "layers", $"has {layers.Length} layers, more than the {LayersMax} that can be mounted");
        return new ImageManifest
        {
            Config = manifest.Object("config", ReadDescriptor) ?? throw new ConfigException("manifest.config", "is required"),
            Layers = layers,
        };
    }

    public static ImageIndex ReadIndex(ConfigNode index)
    {
        RequireSchema2(index);
        ImmutableArray<ContentDescriptor> manifests = index.Objects("manifests", ReadDescriptor);
        Require.That(manifests.Length <= ManifestsMax, "manifests", $"has {manifests.Length} entries, more than {ManifestsMax}");
        return new ImageIndex { Manifests = manifests };
    }

    public static ImageConfig ReadConfig(ConfigNode image)
    {
        ConfigNode? rootfs = image.Object("rootfs");
        return new ImageConfig
        {
            Platform = ReadPlatform(image),
            Created = image.Text("created"),
            Author = image.Text("author"),
            Process = image.Object("config", ReadProcess) ?? new ImageProcess(),
            DiffIds = [.. (rootfs?.Texts("diff_ids") ?? []).Select((text, i) => ReadDigest(text, $"rootfs.diff_ids[{i}]"))],
            History = image.Objects("history", ReadHistory),
        };
    }

    private static void RequireSchema2(ConfigNode document)
    {
        int version = document.Int("schemaVersion") ?? 0;
        Require.That(version == 2, "schemaVersion", $"is {version}: images of docker's schema 1 are not read, only schema 2 and OCI");
    }

    private static ContentDescriptor ReadDescriptor(ConfigNode descriptor)
    {
        long size = descriptor.Long("size") ?? 0;
        Require.That(size >= 0, "size", $"must not be negative: {size}");
        return new ContentDescriptor
        {
            MediaType = descriptor.RequiredText("mediaType"),
            Digest = ReadDigest(descriptor.RequiredText("digest"), "digest"),
            Size = size,
            Platform = descriptor.Object("platform", ReadPlatform),
            Annotations = descriptor.TextMap("annotations"),
        };
    }

    private static Platform ReadPlatform(ConfigNode platform) => new()
    {
        Os = platform.Text("os") ?? "linux",
        Architecture = platform.Text("architecture") ?? "",
        Variant = platform.Text("variant") is { Length: > 0 } variant ? variant : null,
    };

    private static ImageProcess ReadProcess(ConfigNode process) => new()
    {
        User = process.Text("User") ?? "",
        Env = process.Texts("Env"),
        Entrypoint = process.Texts("Entrypoint"),
        Cmd = process.Texts("Cmd"),
        WorkingDir = process.Text("WorkingDir") ?? "",
        ExposedPorts = [.. process.ObjectMap("ExposedPorts", _ => "").Keys],
        Volumes = [.. process.ObjectMap("Volumes", _ => "").Keys],
        Labels = process.TextMap("Labels"),
        StopSignal = process.Text("StopSignal"),
    };

    private static ImageHistory ReadHistory(ConfigNode history) => new()
    {
        Created = history.Text("created"),
        CreatedBy = history.Text("created_by"),
        Comment = history.Text("comment"),
        EmptyLayer = history.Bool("empty_layer") ?? false,
    };

    private static Digest ReadDigest(string text, string field)
        => Digest.TryParse(text, out Digest digest) ? digest : throw new ConfigException(field, $"is no sha256 or sha512 digest: {Require.Quote(text)}");
}
