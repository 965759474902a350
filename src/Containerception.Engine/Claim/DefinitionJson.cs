using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Containerception.Images;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>
/// The documents in the database's rows, written and read by hand: the tables of a serializer cost each command a third of its time.
/// What a document lacks, since it was written before there was such a thing, has its default.
/// </summary>
internal static class DefinitionJson
{
    public static string Write(Action<Utf8JsonWriter> content)
    {
        ArrayBufferWriter<byte> buffer = new(2048);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="DatabaseException">It is something else than what <see cref="Write(Action{Utf8JsonWriter})"/> wrote.</exception>
    public static T Read<T>(string text, Func<JsonElement, T> read)
    {
        try
        {
            return JsonTexts.Guard("a row", () =>
            {
                using JsonDocument document = JsonDocument.Parse(text);
                return read(document.RootElement);
            });
        }
        catch (FormatException damage)
        {
            throw new DatabaseException($"the database is damaged: {damage.Message}", "`cdock info` says where it is; somebody else has written into it");
        }
    }

    public static string Write(ImmutableSortedDictionary<string, string> map) => Write(json =>
    {
        foreach ((string key, string value) in map)
        {
            json.WriteString(key, value);
        }
    });

    public static ImmutableSortedDictionary<string, string> ReadMap(string text) => Read(text, JsonTexts.Map);

    /// <summary>A text that may be lacking.</summary>
    public static void WriteOptional(this Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    public static string? TextOrNull(this JsonElement element, string name) => Find(element, name)?.GetString();

    public static bool FlagOr(this JsonElement element, string name, bool otherwise = false) => Find(element, name)?.GetBoolean() ?? otherwise;

    public static int NumberOr(this JsonElement element, string name, int otherwise = 0) => Find(element, name)?.GetInt32() ?? otherwise;

    public static ImmutableArray<string> TextsOrNone(this JsonElement element, string name) => Find(element, name)?.Texts() ?? [];

    public static ImmutableSortedDictionary<string, string> MapOrNone(this JsonElement element, string name)
        => Find(element, name)?.Map() ?? ImmutableSortedDictionary<string, string>.Empty;

    public static ImmutableArray<T> ListOrNone<T>(this JsonElement element, string name, Func<JsonElement, T> read)
        => Find(element, name) is { } list ? [.. list.EnumerateArray().Select(read)] : [];

    public static T? PartOrNull<T>(this JsonElement element, string name, Func<JsonElement, T> read)
        where T : class
        => Find(element, name) is { } part ? read(part) : null;

    public static void WriteList<T>(this Utf8JsonWriter json, string name, ImmutableArray<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    }

    private static JsonElement? Find(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
