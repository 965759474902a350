using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock events</c>: what happens to containers, images and volumes, while it happens.</summary>
internal static class EventsCommand
{
    private static readonly string[] KnownFilters = ["container", "event", "image", "label", "type", "volume"];

    public static Command Create(Output output)
    {
        Option<string> since = new("--since") { Description = "Also those that were, from this time on", HelpName = "TIME" };
        Option<string> until = new("--until") { Description = "Only those up to this time", HelpName = "TIME" };
        Option<string[]> filter = new("--filter", "-f") { Description = $"Only some: {string.Join(", ", KnownFilters)}", HelpName = "NAME=VALUE" };
        Option<string> format = new("--format") { Description = "json, or a template: '{{.Action}} {{.Actor.ID}}'", HelpName = "FORMAT" };
        Command command = new("events", "Tell what happens to containers, images and volumes") { since, until, filter, format };
        command.SetAction(parsed =>
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            DateTimeOffset? from = parsed.GetValue(since) is string begin ? Moment.Parse(begin, now, "--since") : null;
            DateTimeOffset? to = parsed.GetValue(until) is string end ? Moment.Parse(end, now, "--until") : null;
            Filters filters = Filters.Parse(parsed.GetValue(filter), KnownFilters);
            Template? template = parsed.GetValue(format) is string text and not "json" ? Template.Parse(text) : null;
            foreach (JsonObject one in ContainerEngine.Open(new EngineOptions()).ReadEvents(from, to).Where(one => IsWanted(one, filters)))
            {
                output.Standard.WriteLine(
                    template is not null ? template.Execute(one) : parsed.GetValue(format) == "json" ? JsonText.Line(one) : Line(one));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static bool IsWanted(JsonObject one, Filters filters)
    {
        string type = Text(one["Type"]);
        string action = Text(one["Action"]);
        string id = Text(one["Actor"]?["ID"]);
        Dictionary<string, string> attributes = (one["Actor"]?["Attributes"] as JsonObject ?? []).ToDictionary(entry => entry.Key, entry => Text(entry.Value));
        return filters.Match("type", value => value == type)
            && filters.Match("event", value => value == action || action.StartsWith(value + ":", StringComparison.Ordinal))
            && filters.Match("container", value => type == "container" && value.Length > 0
                && (id.StartsWith(value, StringComparison.Ordinal) || attributes.GetValueOrDefault("name") == value))
            && filters.Match("volume", value => type == "volume" && id == value)
            && filters.MatchLabels(attributes)
            && filters.Match("image", value => NamesOfImage(type, id, attributes).Contains(value));
    }

    private static IEnumerable<string> NamesOfImage(string type, string id, Dictionary<string, string> attributes)
        => (type == "image" ? [id, attributes.GetValueOrDefault("name") ?? ""] : (string[])[attributes.GetValueOrDefault("image") ?? ""])
            .SelectMany(name => (string[])[name, WithoutTag(name)]);

    private static string WithoutTag(string name)
        => name.LastIndexOf(':') is int colon && colon > name.LastIndexOf('/') && !name.StartsWith("sha256:", StringComparison.Ordinal) ? name[..colon] : name;

    private static string Line(JsonObject one)
    {
        DateTimeOffset time = DateTimeOffset.UnixEpoch.AddTicks(one["timeNano"]!.GetValue<long>() / TimeSpan.NanosecondsPerTick);
        string attributes = string.Join(", ", (one["Actor"]?["Attributes"] as JsonObject ?? []).OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{entry.Key}={Text(entry.Value)}"));
        return $"{TimeZoneInfo.ConvertTime(time, TimeZoneInfo.Local).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00'K", CultureInfo.InvariantCulture).Replace("+00:00", "Z", StringComparison.Ordinal)}"
            + $" {Text(one["Type"])} {Text(one["Action"])} {Text(one["Actor"]?["ID"])} ({attributes})";
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}
