using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>Points at content: image-spec, descriptor.md.</summary>
public sealed record ContentDescriptor
{
    public required string MediaType { get; init; }

    public required Digest Digest { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public Platform? Platform { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Empty.Map;
}

/// <summary>What a manifest of an index runs on.</summary>
public sealed record Platform
{
    /// <summary>GOOS: <c>linux</c>.</summary>
    public required string Os { get; init; }

    /// <summary>GOARCH: <c>amd64</c>, <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Of the CPU: <c>v8</c>.</summary>
    public string? Variant { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}

/// <summary>One image: its configuration and its layers, from the lowest up. image-spec, manifest.md.</summary>
public sealed record ImageManifest
{
    public required ContentDescriptor Config { get; init; }

    public required ImmutableArray<ContentDescriptor> Layers { get; init; }

    /// <summary>Reads a manifest, the image-spec's or docker's schema 2.</summary>
    /// <exception cref="ConfigException">It is none, or has more layers than any image may.</exception>
    public static ImageManifest Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "manifest", ImageReader.ReadManifest);
}

/// <summary>Images for several platforms: image-spec, image-index.md.</summary>
public sealed record ImageIndex
{
    public required ImmutableArray<ContentDescriptor> Manifests { get; init; }

    /// <summary>Reads an index, or docker's manifest list.</summary>
    /// <exception cref="ConfigException">It is none.</exception>
    public static ImageIndex Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "index", ImageReader.ReadIndex);
}
