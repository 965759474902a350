using System.Collections.Immutable;
using System.Text.Json;

namespace Containerception.Supervision;

/// <summary>Reads and writes small documents by hand: a serializer would cost each supervisor the memory of its tables.</summary>
public static class JsonTexts
{
    public static void WriteMap(this Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach ((string key, string value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static string Text(this JsonElement element, string name)
        => element.GetProperty(name).GetString() ?? throw new FormatException($"{name}: it is null");

    public static bool Flag(this JsonElement element, string name) => element.GetProperty(name).GetBoolean();

    public static ImmutableArray<string> Texts(this JsonElement element)
    {
        ImmutableArray<string>.Builder texts = ImmutableArray.CreateBuilder<string>();
        foreach (JsonElement one in element.EnumerateArray())
        {
            texts.Add(one.GetString() ?? "");
        }

        return texts.ToImmutable();
    }

    public static ImmutableSortedDictionary<string, string> Map(this JsonElement element)
    {
        ImmutableSortedDictionary<string, string>.Builder map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            map[property.Name] = property.Value.GetString() ?? "";
        }

        return map.ToImmutable();
    }

    public static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FormatException($"{file}: {wrong.Message}", wrong);
        }
    }
}
