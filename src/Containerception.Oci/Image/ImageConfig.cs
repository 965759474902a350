using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What an image is and what it runs: image-spec, config.md.</summary>
public sealed record ImageConfig
{
    public required Platform Platform { get; init; }

    /// <summary>RFC 3339, as it stands; null where the builder left it out.</summary>
    public string? Created { get; init; }

    public string? Author { get; init; }

    public ImageProcess Process { get; init; } = new();

    /// <summary>The digests of the layers' tar archives, uncompressed, from the lowest up.</summary>
    public required ImmutableArray<Digest> DiffIds { get; init; }

    public ImmutableArray<ImageHistory> History { get; init; } = [];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="ConfigException">It is none.</exception>
    public static ImageConfig Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "image", ImageReader.ReadConfig);
}

/// <summary>The member <c>config</c>: what a container of the image starts with.</summary>
public sealed record ImageProcess
{
    /// <summary>A name, a number, or either with a group after a colon; empty: root.</summary>
    public string User { get; init; } = "";

    public ImmutableArray<string> Env { get; init; } = [];

    public ImmutableArray<string> Entrypoint { get; init; } = [];

    public ImmutableArray<string> Cmd { get; init; } = [];

    /// <summary>Empty: <c>/</c>.</summary>
    public string WorkingDir { get; init; } = "";

    /// <summary>Ports as <c>80/tcp</c>.</summary>
    public ImmutableArray<string> ExposedPorts { get; init; } = [];

    public ImmutableArray<string> Volumes { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = Empty.Map;

    public string? StopSignal { get; init; }
}

/// <summary>How a layer came to be.</summary>
public sealed record ImageHistory
{
    public string? Created { get; init; }

    public string? CreatedBy { get; init; }

    public string? Comment { get; init; }

    /// <summary>There is no layer for it.</summary>
    public bool EmptyLayer { get; init; }
}
