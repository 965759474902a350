using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>A volume in docker's words: a row of <c>volume ls</c>, a document of <c>volume inspect</c>.</summary>
internal static class VolumeDocument
{
    public const string Table = "{{.Driver}}\\t{{.Name}}";

    private const string Nothing = "N/A";

    public static IReadOnlyDictionary<string, string> Headings { get; } = new Dictionary<string, string>
    {
        ["Availability"] = "AVAILABILITY",
        ["Driver"] = "DRIVER",
        ["Group"] = "GROUP",
        ["Labels"] = "LABELS",
        ["Links"] = "LINKS",
        ["Mountpoint"] = "MOUNTPOINT",
        ["Name"] = "VOLUME NAME",
        ["Scope"] = "SCOPE",
        ["Size"] = "SIZE",
        ["Status"] = "STATUS",
    };

    /// <param name="volume">The volume.</param>
    /// <param name="size">Null where it was not measured.</param>
    public static Row Row(VolumeInfo volume, long? size) => Cdock.Row.Of(
        new JsonObject
        {
            ["Availability"] = Nothing,
            ["Driver"] = "local",
            ["Group"] = Nothing,
            ["Labels"] = string.Join(',', volume.Labels.Select(label => $"{label.Key}={label.Value}")),
            ["Links"] = size is null ? Nothing : volume.Users.Length.ToString(CultureInfo.InvariantCulture),
            ["Mountpoint"] = volume.Mountpoint,
            ["Name"] = volume.Name,
            ["Scope"] = "local",
            ["Size"] = size is long bytes ? Words.Size(bytes) : Nothing,
            ["Status"] = Nothing,
        },
        volume.Labels);

    public static JsonObject Of(VolumeInfo volume) => new()
    {
        ["CreatedAt"] = volume.Created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["Driver"] = "local",
        ["Labels"] = volume.Labels.IsEmpty ? null : Map(volume.Labels),
        ["Mountpoint"] = volume.Mountpoint,
        ["Name"] = volume.Name,
        ["Options"] = volume.Options.IsEmpty ? null : Map(volume.Options),
        ["Scope"] = "local",
    };

    public static JsonObject Map(IEnumerable<KeyValuePair<string, string>> map)
        => new(map.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
}
