using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Containerception.Oci;

/// <summary>Writes an object field by field. What is null or empty is left out, as Go's <c>omitempty</c> does for runc.</summary>
internal readonly struct ConfigWriter(Utf8JsonWriter json)
{
    /// <summary>Indented with tabs and without a last newline: the bytes of runc.</summary>
    public static byte[] Document(Action<ConfigWriter> write, bool indented = true, char indent = '\t', int indentSize = 1)
    {
        ArrayBufferWriter<byte> bytes = new(4096);
        JsonWriterOptions options = JsonEscaping.Line with
        {
            Indented = indented,
            IndentCharacter = indent,
            IndentSize = indentSize,
            NewLine = "\n",
        };
        using (Utf8JsonWriter json = new(bytes, options))
        {
            json.WriteStartObject();
            write(new ConfigWriter(json));
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    public void Text(string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    public void Bool(string name, bool value) => json.WriteBoolean(name, value);

    public void Bool(string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
    }

    /// <summary>Written only when true.</summary>
    public void Flag(string name, bool value) => Bool(name, value ? true : null);

    public void Number(string name, long? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    public void Number(string name, ulong? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    public void Texts(string name, ImmutableArray<string> values)
    {
        if (values.Length > 0)
        {
            TextsOrNone(name, values);
        }
    }

    /// <summary>Written also when it is empty.</summary>
    public void TextsOrNone(string name, ImmutableArray<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    public void Numbers(string name, ImmutableArray<uint> values)
    {
        if (values.Length > 0)
        {
            json.WriteStartArray(name);
            foreach (uint value in values)
            {
                json.WriteNumberValue(value);
            }

            json.WriteEndArray();
        }
    }

    public void TextMap(string name, ImmutableSortedDictionary<string, string> map)
    {
        if (map.Count > 0)
        {
            json.WriteStartObject(name);
            foreach ((string key, string value) in map)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }
    }

    public void ObjectMap<T>(string name, ImmutableSortedDictionary<string, T> map, Action<ConfigWriter, T> write)
        where T : class
    {
        if (map.Count > 0)
        {
            json.WriteStartObject(name);
            foreach ((string key, T value) in map)
            {
                Object(key, value, write);
            }

            json.WriteEndObject();
        }
    }

    public void Object<T>(string name, T? value, Action<ConfigWriter, T> write)
        where T : class
    {
        if (value is not null)
        {
            json.WriteStartObject(name);
            write(this, value);
            json.WriteEndObject();
        }
    }

    public void Objects<T>(string name, ImmutableArray<T> values, Action<ConfigWriter, T> write)
        where T : class
    {
        if (values.Length > 0)
        {
            json.WriteStartArray(name);
            foreach (T value in values)
            {
                json.WriteStartObject();
                write(this, value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }
}
