using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>A container as <c>ps</c> shows it: docker's fields in docker's words.</summary>
internal sealed class ContainerRow(DateTimeOffset now, bool isWhole)
{
    public const string Table = "{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}";

    private const int ShortIdLength = 12;
    private const int CommandLengthMax = 20;

    public static IReadOnlyDictionary<string, string> Headings { get; } = new Dictionary<string, string>
    {
        ["Command"] = "COMMAND",
        ["CreatedAt"] = "CREATED AT",
        ["ID"] = "CONTAINER ID",
        ["Image"] = "IMAGE",
        ["Labels"] = "LABELS",
        ["Names"] = "NAMES",
        ["Ports"] = "PORTS",
        ["RunningFor"] = "CREATED",
        ["State"] = "STATE",
        ["Status"] = "STATUS",
    };

    public Row Of(ContainerInfo one) => Row.Of(
        new JsonObject
        {
            ["Command"] = Command(one),
            ["CreatedAt"] = Words.Time(one.Created),
            ["ID"] = isWhole ? one.Id : one.Id[..ShortIdLength],
            ["Image"] = one.Image,
            ["Labels"] = string.Join(',', one.Labels.Select(label => $"{label.Key}={label.Value}")),
            ["Names"] = one.Name,
            ["Ports"] = "",
            ["RunningFor"] = Words.Ago(one.Created, now),
            ["State"] = one.State.ToString().ToLowerInvariant(),
            ["Status"] = Status(one),
        },
        one.Labels);

    private string Command(ContainerInfo one)
    {
        string text = string.Join(' ', one.Command);
        return $"\"{(isWhole || text.Length <= CommandLengthMax ? text : text[..(CommandLengthMax - 1)] + "…")}\"";
    }

    private string Status(ContainerInfo one) => one.State switch
    {
        ContainerState.Created => "Created",
        ContainerState.Running => $"Up {Words.Duration(now - one.Started!.Value)}{Health(one)}",
        ContainerState.Paused => $"Up {Words.Duration(now - one.Started!.Value)} (Paused)",
        ContainerState.Restarting => $"Restarting ({one.ExitCode}) {Words.Ago(one.Finished!.Value, now)}",
        ContainerState.Exited => $"Exited ({one.ExitCode}) {Words.Ago(one.Finished!.Value, now)}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Health(ContainerInfo one) => one.Health?.Status switch
    {
        null => "",
        "starting" => " (health: starting)",
        string known => $" ({known})",
    };
}
