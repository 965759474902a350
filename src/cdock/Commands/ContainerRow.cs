using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>A container as <c>ps</c> shows it: docker's fields in docker's words.</summary>
/// <param name="engine">Asked only for what the listing mentions.</param>
/// <param name="listing">What is wanted.</param>
/// <param name="now">The clock.</param>
/// <param name="isWhole">Nothing is cut short.</param>
internal sealed class ContainerRow(ContainerEngine engine, Listing listing, DateTimeOffset now, bool isWhole)
{
    public const string Table = "{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}";

    private const int ShortIdLength = 12;
    private const int CommandLengthMax = 20;
    private const int MountLengthMax = 15;

    private readonly bool _measures = listing.Mentions("Size");
    private readonly bool _looksInside = listing.Mentions("Mounts") || listing.Mentions("LocalVolumes") || listing.Mentions("Networks");

    public static IReadOnlyDictionary<string, string> Headings { get; } = new Dictionary<string, string>
    {
        ["Command"] = "COMMAND",
        ["CreatedAt"] = "CREATED AT",
        ["ID"] = "CONTAINER ID",
        ["Image"] = "IMAGE",
        ["Labels"] = "LABELS",
        ["LocalVolumes"] = "LOCAL VOLUMES",
        ["Mounts"] = "MOUNTS",
        ["Names"] = "NAMES",
        ["Networks"] = "NETWORKS",
        ["Platform"] = "PLATFORM",
        ["Ports"] = "PORTS",
        ["RunningFor"] = "CREATED",
        ["Size"] = "SIZE",
        ["State"] = "STATE",
        ["Status"] = "STATUS",
    };

    public Row Of(ContainerInfo one)
    {
        ContainerDetails? details = _looksInside ? engine.Inspect(one) : null;
        return Row.Of(
            new JsonObject
            {
                ["Command"] = Command(one),
                ["CreatedAt"] = Words.Time(one.Created),
                ["ID"] = isWhole ? one.Id : one.Id[..ShortIdLength],
                ["Image"] = one.Image,
                ["Labels"] = string.Join(',', one.Labels.Select(label => $"{label.Key}={label.Value}")),
                ["LocalVolumes"] = (details?.Mounts.Count(mount => mount.Name is not null) ?? 0).ToString(CultureInfo.InvariantCulture),
                ["Mounts"] = string.Join(',', details?.Mounts.Select(Mount) ?? []),
                ["Names"] = one.Name,
                ["Networks"] = details is null ? "" : Networks(details),
                ["Platform"] = null,
                ["Ports"] = PortWords.Of(one),
                ["RunningFor"] = Words.Ago(one.Created, now),
                ["Size"] = _measures ? Size(one) : "",
                ["State"] = one.State.ToString().ToLowerInvariant(),
                ["Status"] = Status(one),
            },
            one.Labels);
    }

    private static string Networks(ContainerDetails details)
        => details.Info.Networks.IsEmpty ? ContainerDocument.NetworkMode(details) : string.Join(',', details.Info.Networks.Select(endpoint => endpoint.NetworkName));

    private string Size(ContainerInfo one)
    {
        long written = ContainerEngine.SizeOf(one);
        return engine.ImageSizeOf(one) is long image ? $"{Words.Size(written, 3)} (virtual {Words.Size(written + image, 3)})" : Words.Size(written, 3);
    }

    private string Command(ContainerInfo one)
    {
        string text = string.Join(' ', one.Command);
        return $"\"{(isWhole ? text : Cut(text, CommandLengthMax))}\"";
    }

    private string Mount(ContainerMount mount) => isWhole ? mount.Name ?? mount.Source : Cut(mount.Name ?? mount.Source, MountLengthMax);

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    private string Status(ContainerInfo one) => one.State switch
    {
        ContainerState.Created => "Created",
        ContainerState.Running => $"Up {Words.Duration(now - one.Started!.Value)}{Health(one)}",
        ContainerState.Paused => $"Up {Words.Duration(now - one.Started!.Value)} (Paused)",
        ContainerState.Restarting => $"Restarting ({one.ExitCode}) {Words.Ago(one.Finished!.Value, now)}",
        ContainerState.Exited => $"Exited ({one.ExitCode}) {Words.Ago(one.Finished!.Value, now)}{Killer(one)}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    // Where docker tells of health: what killed it, which an exit code alone leaves open.
    private static string Killer(ContainerInfo one) => one switch
    {
        { OomKills: > 0 } => " (out of memory)",
        { Signal: (int)Linux.Signal.SIGSYS } => " (seccomp)",
        { Signal: > 0 } => $" ({Linux.Signals.Name((Linux.Signal)one.Signal)})",
        _ => "",
    };

    private static string Health(ContainerInfo one) => one.Health?.Status switch
    {
        null => "",
        "starting" => " (health: starting)",
        string known => $" ({known})",
    };
}
