using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What a container is, from its making to its removal: a row of the database, most of it as JSON.</summary>
internal sealed record ContainerDefinition
{
    [JsonIgnore]
    public string Id { get; init; } = "";

    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>What it started on.</summary>
    [JsonIgnore]
    public string Image { get; init; } = "";

    [JsonIgnore]
    public DateTimeOffset Created { get; init; }

    /// <summary>The absolute path of the runtime that makes it: the only one that knows it.</summary>
    [JsonIgnore]
    public string Runtime { get; init; } = "";

    [JsonIgnore]
    public bool AutoRemove { get; init; }

    /// <summary>The policy in <see cref="RestartPolicy.ToString"/>'s words.</summary>
    [JsonIgnore]
    public string Restart { get; init; } = "no";

    /// <summary>The digest of the image's configuration; null when it started on no image.</summary>
    public string? ImageId { get; init; }

    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>How many words of the command are the entrypoint.</summary>
    public int EntrypointLength { get; init; }

    /// <summary>What was asked for of these, as it was asked for: an image made of the container starts so. Null for what its image says.</summary>
    public string? Entrypoint { get; init; }

    public ImmutableArray<string> Arguments { get; init; } = [];

    public ImmutableArray<string> Environment { get; init; } = [];

    public string? User { get; init; }

    public string? WorkingDirectory { get; init; }

    /// <summary>How the root is made, at each start.</summary>
    public required RootDefinition Root { get; init; }

    public bool Tty { get; init; }

    public bool OpenStdin { get; init; }

    /// <summary>The standard input ends with that of the first client.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>The streams that whoever runs it is joined with.</summary>
    public ImmutableArray<string> Attach { get; init; } = [];

    /// <summary>The id of the container whose PID namespace it joins; null for none.</summary>
    public string? PidOf { get; init; }

    /// <summary>The same, of the IPC namespace.</summary>
    public string? IpcOf { get; init; }

    public bool IpcShareable { get; init; }

    public int StopSignal { get; init; } = 15;

    public int StopTimeoutSeconds { get; init; } = 10;

    public string LogDriver { get; init; } = "json-file";

    public ImmutableSortedDictionary<string, string> LogOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public HealthPlan? Health { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Volumes that get what the image has at their places, before the first start.</summary>
    public ImmutableArray<VolumePlace> Fillings { get; init; } = [];

    /// <summary>How it is connected; null for one that was made before there were networks, which has what its config.json says.</summary>
    public NetworkingDefinition? Networking { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, EngineJson.Default.ContainerDefinition);

    public static ContainerDefinition FromJson(string json) => JsonSerializer.Deserialize(json, EngineJson.Default.ContainerDefinition)!;
}

/// <summary>Where in a container a volume is.</summary>
internal sealed record VolumePlace(string Volume, string Destination);

/// <summary>What must be known of a request to make its root once more.</summary>
internal sealed record RootDefinition(string Kind, string? Path, bool Overlay, bool ReadOnly, bool OwnUser, ImmutableArray<string>? Only)
{
    public string? ImageId { get; init; }

    public bool IsThrowaway { get; init; }

    public static RootDefinition Of(RunRequest request) => request.Root switch
    {
        RootRequest.Host => new("host", null, false, request.ReadOnly, request.Namespaces.OwnUser, request.Namespaces.Only),
        RootRequest.DirectoryTree tree => new("directory", tree.Path, tree.Overlay, request.ReadOnly, request.Namespaces.OwnUser, request.Namespaces.Only),
        RootRequest.OciBundle bundle => new("bundle", bundle.Path, false, request.ReadOnly, request.Namespaces.OwnUser, request.Namespaces.Only),
        RootRequest.Image image => new("image", image.Name, false, request.ReadOnly, request.Namespaces.OwnUser, request.Namespaces.Only)
        {
            ImageId = image.Id.ToString(),
            IsThrowaway = request.AutoRemove,
        },
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public RunRequest ToRequest() => new()
    {
        Root = Kind switch
        {
            "host" => new RootRequest.Host(),
            "directory" => new RootRequest.DirectoryTree(Path!, Overlay),
            "image" => new RootRequest.Image(Path!, Digest.TryParse(ImageId, out Digest id) ? id : throw new System.Diagnostics.UnreachableException()),
            _ => new RootRequest.OciBundle(Path!),
        },
        ReadOnly = ReadOnly,
        AutoRemove = IsThrowaway,
        Namespaces = new NamespacesRequest { OwnUser = OwnUser, Only = Only },
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContainerDefinition))]
[JsonSerializable(typeof(NetworkDefinition))]
[JsonSerializable(typeof(EndpointDefinition))]
[JsonSerializable(typeof(ImmutableSortedDictionary<string, string>))]
internal sealed partial class EngineJson : JsonSerializerContext;
