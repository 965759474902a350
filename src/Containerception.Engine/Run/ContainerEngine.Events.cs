using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private EventLog Events => field ??= new EventLog(_options.RootDirectory, _options.Clock);

    /// <summary>Notes that everything of a type was removed of which nobody had a use.</summary>
    /// <param name="type"><c>container</c> or <c>volume</c>.</param>
    /// <param name="bytes">How many bytes are free again.</param>
    public void NotePrune(string type, long bytes) => Events.Prune(type, bytes.ToString(CultureInfo.InvariantCulture));

    /// <summary>What happened to containers, images and volumes, the oldest first, as docker's API tells it.</summary>
    /// <param name="since">The first that count; null for those from now on.</param>
    /// <param name="until">The last; when it lies ahead, or is null, those that come are waited for.</param>
    public IEnumerable<JsonObject> ReadEvents(DateTimeOffset? since, DateTimeOffset? until)
    {
        DateTimeOffset begin = since ?? _options.Clock.GetUtcNow();
        Directory.CreateDirectory(_options.RootDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using EventReader reader = new(_options.RootDirectory);
        while (true)
        {
            // Asked before the lines are read, so that none before the end is missed.
            bool isOver = until is DateTimeOffset end && end <= _options.Clock.GetUtcNow();
            foreach (byte[] line in reader.Read())
            {
                if (TryParse(line) is (JsonObject one, DateTimeOffset time) && time >= begin && (until is null || time <= until))
                {
                    yield return one;
                }
            }

            if (isOver)
            {
                yield break;
            }

            reader.Wait(until is DateTimeOffset last
                ? (int)Math.Clamp((last - _options.Clock.GetUtcNow()).TotalMilliseconds + 1, 1, int.MaxValue)
                : -1);
        }
    }

    private static (JsonObject One, DateTimeOffset Time)? TryParse(byte[] line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject one && one["timeNano"]?.GetValue<long>() is long nanoseconds
                ? (one, DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick))
                : null;
        }
        catch (Exception torn) when (torn is System.Text.Json.JsonException or InvalidOperationException or FormatException)
        {
            // A loss of power may leave half a line.
            return null;
        }
    }

    private void Note(string action, ContainerDefinition definition, params ReadOnlySpan<(string Name, string Value)> attributes)
        => Events.Container(action, definition.Id, definition.Image, [.. attributes, ("image", definition.Image), ("name", definition.Name)]);
}
