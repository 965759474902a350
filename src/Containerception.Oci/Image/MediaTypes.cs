namespace Containerception.Oci;

/// <summary>Media types of images: the image-spec's (media-types.md) and, with the same meaning, docker's.</summary>
public static class MediaTypes
{
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Config = "application/vnd.oci.image.config.v1+json";
    public const string Layer = "application/vnd.oci.image.layer.v1.tar";
    public const string LayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string LayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    public const string DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";

    /// <summary>What a registry is asked for where a manifest or an index will do.</summary>
    public static string Acceptable { get; } = string.Join(", ", Manifest, Index, DockerManifest, DockerIndex);

    public static bool IsIndex(string? type) => type is Index or DockerIndex;

    public static bool IsManifest(string? type) => type is Manifest or DockerManifest;

    /// <summary>A layer that can be unpacked: a tar archive, plain or compressed. What it is compressed with its own bytes say.</summary>
    public static bool IsLayer(string? type) => type is Layer or LayerGzip or LayerZstd or DockerLayerGzip or DockerLayer || IsForeign(type);

    /// <summary>A layer that its owner does not want pushed.</summary>
    public static bool IsForeign(string? type)
        => type is "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" or "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
}
