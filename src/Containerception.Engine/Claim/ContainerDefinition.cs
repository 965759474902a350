using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>What a container is, from its making to its removal: a row of the database, most of it as JSON.</summary>
internal sealed record ContainerDefinition
{
    private const int StopSignalDefault = 15;
    private const int StopTimeoutDefault = 10;
    private const string LogDriverDefault = "json-file";

    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>What it started on.</summary>
    public string Image { get; init; } = "";

    public DateTimeOffset Created { get; init; }

    /// <summary>The absolute path of the runtime that makes it: the only one that knows it.</summary>
    public string Runtime { get; init; } = "";

    public bool AutoRemove { get; init; }

    /// <summary>The policy in <see cref="RestartPolicy.ToString"/>'s words.</summary>
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

    public int StopSignal { get; init; } = StopSignalDefault;

    public int StopTimeoutSeconds { get; init; } = StopTimeoutDefault;

    public string LogDriver { get; init; } = LogDriverDefault;

    public ImmutableSortedDictionary<string, string> LogOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public HealthPlan? Health { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Volumes that get what the image has at their places, before the first start.</summary>
    public ImmutableArray<VolumePlace> Fillings { get; init; } = [];

    /// <summary>How it is connected; null for one that was made before there were networks, which has what its config.json says.</summary>
    public NetworkingDefinition? Networking { get; init; }

    public string ToJson() => DefinitionJson.Write(json =>
    {
        json.WriteOptional("imageId", ImageId);
        json.WriteTexts("command", Command);
        json.WriteNumber("entrypointLength", EntrypointLength);
        json.WriteOptional("entrypoint", Entrypoint);
        json.WriteTexts("arguments", Arguments);
        json.WriteTexts("environment", Environment);
        json.WriteOptional("user", User);
        json.WriteOptional("workingDirectory", WorkingDirectory);
        Root.Write(json, "root");
        json.WriteBoolean("tty", Tty);
        json.WriteBoolean("openStdin", OpenStdin);
        json.WriteBoolean("stdinOnce", StdinOnce);
        json.WriteTexts("attach", Attach);
        json.WriteOptional("pidOf", PidOf);
        json.WriteOptional("ipcOf", IpcOf);
        json.WriteBoolean("ipcShareable", IpcShareable);
        json.WriteNumber("stopSignal", StopSignal);
        json.WriteNumber("stopTimeoutSeconds", StopTimeoutSeconds);
        json.WriteString("logDriver", LogDriver);
        json.WriteMap("logOptions", LogOptions);
        Health?.Write(json);
        json.WriteMap("labels", Labels);
        json.WriteList("fillings", Fillings, static (json, place) => place.Write(json));
        Networking?.Write(json, "networking");
    });

    public static ContainerDefinition FromJson(string json) => DefinitionJson.Read(json, static root => new ContainerDefinition
    {
        ImageId = root.TextOrNull("imageId"),
        Command = root.TextsOrNone("command"),
        EntrypointLength = root.NumberOr("entrypointLength"),
        Entrypoint = root.TextOrNull("entrypoint"),
        Arguments = root.TextsOrNone("arguments"),
        Environment = root.TextsOrNone("environment"),
        User = root.TextOrNull("user"),
        WorkingDirectory = root.TextOrNull("workingDirectory"),
        Root = RootDefinition.Read(root.GetProperty("root")),
        Tty = root.FlagOr("tty"),
        OpenStdin = root.FlagOr("openStdin"),
        StdinOnce = root.FlagOr("stdinOnce"),
        Attach = root.TextsOrNone("attach"),
        PidOf = root.TextOrNull("pidOf"),
        IpcOf = root.TextOrNull("ipcOf"),
        IpcShareable = root.FlagOr("ipcShareable"),
        StopSignal = root.NumberOr("stopSignal", StopSignalDefault),
        StopTimeoutSeconds = root.NumberOr("stopTimeoutSeconds", StopTimeoutDefault),
        LogDriver = root.TextOrNull("logDriver") ?? LogDriverDefault,
        LogOptions = root.MapOrNone("logOptions"),
        Health = root.PartOrNull("health", HealthPlan.Read),
        Labels = root.MapOrNone("labels"),
        Fillings = root.ListOrNone("fillings", VolumePlace.Read),
        Networking = root.PartOrNull("networking", NetworkingDefinition.Read),
    });
}

/// <summary>Where in a container a volume is.</summary>
internal sealed record VolumePlace(string Volume, string Destination)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("volume", Volume);
        json.WriteString("destination", Destination);
        json.WriteEndObject();
    }

    public static VolumePlace Read(JsonElement place) => new(place.Text("volume"), place.Text("destination"));
}

/// <summary>What must be known of a request to make its root once more.</summary>
internal sealed record RootDefinition(string Kind, string? Path, bool Overlay, bool ReadOnly, bool OwnUser, ImmutableArray<string>? Only)
{
    public string? ImageId { get; init; }

    public bool IsThrowaway { get; init; }

    public bool Nests { get; init; }

    public bool SharesImages { get; init; }

    public static RootDefinition Of(RunRequest request) => OfRoot(request) with { Nests = request.Nest, SharesImages = request.ShareImages };

    private static RootDefinition OfRoot(RunRequest request) => request.Root switch
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

    public void Write(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        json.WriteString("kind", Kind);
        json.WriteOptional("path", Path);
        json.WriteBoolean("overlay", Overlay);
        json.WriteBoolean("readOnly", ReadOnly);
        json.WriteBoolean("ownUser", OwnUser);
        if (Only is { } only)
        {
            json.WriteTexts("only", only);
        }

        json.WriteOptional("imageId", ImageId);
        json.WriteBoolean("isThrowaway", IsThrowaway);
        json.WriteBoolean("nests", Nests);
        json.WriteBoolean("sharesImages", SharesImages);
        json.WriteEndObject();
    }

    public static RootDefinition Read(JsonElement root) => new(
        root.Text("kind"), root.TextOrNull("path"), root.FlagOr("overlay"), root.FlagOr("readOnly"), root.FlagOr("ownUser"),
        root.TryGetProperty("only", out JsonElement only) && only.ValueKind == JsonValueKind.Array ? only.Texts() : null)
    {
        ImageId = root.TextOrNull("imageId"),
        IsThrowaway = root.FlagOr("isThrowaway"),
        Nests = root.FlagOr("nests"),
        SharesImages = root.FlagOr("sharesImages"),
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
        Nest = Nests,
        ShareImages = SharesImages,
        Namespaces = new NamespacesRequest { OwnUser = OwnUser, Only = Only },
    };
}
