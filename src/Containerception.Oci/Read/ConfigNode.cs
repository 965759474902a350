using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Containerception.Oci;

/// <summary>
/// A JSON object of a document, its fields read by name. It knows where it stands, so that a wrong value is reported as
/// <c>linux.namespaces[2].type: must be a string, not a number</c>. A field that is null is absent; an array that is absent is empty.
/// </summary>
internal sealed class ConfigNode
{
    private readonly ConfigNode? _parent;
    private readonly string _name;
    private readonly int _index;
    private readonly JsonElement _value;
    private readonly ReadOnlyMemory<byte> _json;

    private ConfigNode(ConfigNode? parent, string name, int index, JsonElement value, ReadOnlyMemory<byte> json = default)
    {
        (_parent, _name, _index, _value, _json) = (parent, name, index, value, parent?._json ?? json);
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("an object", value);
        }
    }

    /// <summary>Where this object stands: <c>linux.namespaces[2]</c>; empty for the document.</summary>
    private string Path => _parent is null ? _name : Indexed(_parent.PathOf(_name), _index);

    /// <param name="name">For messages; may be empty.</param>
    /// <param name="value">The document's one value.</param>
    /// <param name="json">What it was parsed of.</param>
    public static ConfigNode Document(string name, JsonElement value, ReadOnlyMemory<byte> json) => new(parent: null, name, index: -1, value, json);

    /// <summary>This object's own text: the piece of the document, not a copy.</summary>
    public ReadOnlyMemory<byte> Json()
    {
        ReadOnlySpan<byte> own = JsonMarshal.GetRawUtf8Value(_value);
        return _json.Span.Overlaps(own, out int start) ? _json.Slice(start, own.Length) : throw new InvalidOperationException("parsed of another text");
    }

    public ConfigNode? Object(string name) => Has(name, out JsonElement value) ? new ConfigNode(this, name, -1, value) : null;

    public T? Object<T>(string name, Func<ConfigNode, T> read)
        where T : class
        => Object(name) is { } node ? read(node) : null;

    public ImmutableArray<T> Objects<T>(string name, Func<ConfigNode, T> read)
        where T : class
    {
        if (!HasArray(name, out JsonElement array, out int count))
        {
            return [];
        }

        T[] result = new T[count];
        int index = 0;
        foreach (JsonElement item in array.EnumerateArray())
        {
            result[index] = read(new ConfigNode(this, name, index, item));
            index++;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(result);
    }

    public ImmutableSortedDictionary<string, T> ObjectMap<T>(string name, Func<ConfigNode, T> read)
        where T : class
    {
        ImmutableSortedDictionary<string, T> result = ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
        if (Object(name) is { } map)
        {
            foreach (JsonProperty property in map._value.EnumerateObject())
            {
                string key = map.KeyOf(property);
                result = result.Add(key, read(new ConfigNode(map, key, -1, property.Value)));
            }
        }

        return result;
    }

    public ImmutableSortedDictionary<string, string> TextMap(string name)
    {
        if (Object(name) is not { } map)
        {
            return Empty.Map;
        }

        ImmutableSortedDictionary<string, string>.Builder result = Empty.Map.ToBuilder();
        foreach (JsonProperty property in map._value.EnumerateObject())
        {
            string key = map.KeyOf(property);
            result.Add(key, map.TextOf(property.Value, key));
        }

        return result.ToImmutable();
    }

    public string RequiredText(string name)
        => Text(name) ?? throw new ConfigException(PathOf(name), "is required");

    public string? Text(string name) => Has(name, out JsonElement value) ? TextOf(value, name) : null;

    public ImmutableArray<string> Texts(string name)
    {
        if (!HasArray(name, out JsonElement array, out int count))
        {
            return [];
        }

        string[] result = new string[count];
        int index = 0;
        foreach (JsonElement item in array.EnumerateArray())
        {
            result[index] = TextOf(item, name, index);
            index++;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(result);
    }

    /// <summary>null when there is no such field: for a list that is empty on purpose.</summary>
    public ImmutableArray<string>? TextsOrNull(string name) => Has(name, out _) ? Texts(name) : null;

    public bool? Bool(string name)
    {
        if (!Has(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong("true or false", value, name);
    }

    public int? Int(string name)
        => Has(name, out JsonElement value) ? (int)Whole(value, name, int.MinValue, int.MaxValue) : null;

    public long? Long(string name)
        => Has(name, out JsonElement value) ? Whole(value, name, long.MinValue, long.MaxValue) : null;

    public ushort? UShort(string name)
        => Has(name, out JsonElement value) ? (ushort)Whole(value, name, 0, ushort.MaxValue) : null;

    public uint? UInt(string name)
        => Has(name, out JsonElement value) ? (uint)Whole(value, name, 0, uint.MaxValue) : null;

    public ulong? ULong(string name)
    {
        if (!Has(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number)
            ? number
            : throw Wrong($"a whole number from 0 to {ulong.MaxValue}", value, name);
    }

    public ImmutableArray<uint> UInts(string name)
    {
        if (!HasArray(name, out JsonElement array, out int count))
        {
            return [];
        }

        ImmutableArray<uint>.Builder result = ImmutableArray.CreateBuilder<uint>(count);
        foreach (JsonElement item in array.EnumerateArray())
        {
            result.Add((uint)Whole(item, name, 0, uint.MaxValue, result.Count));
        }

        return result.MoveToImmutable();
    }

    /// <summary>Refuses a field that this version would have to ignore. Empty is as good as absent.</summary>
    public void Refuse(string name, string sentence)
    {
        bool used = Has(name, out JsonElement value) && value.ValueKind switch
        {
            JsonValueKind.Object => value.GetPropertyCount() > 0,
            JsonValueKind.Array => value.GetArrayLength() > 0,
            _ => true,
        };

        if (used)
        {
            throw new ConfigException(PathOf(name), sentence);
        }
    }

    private bool Has(string name, out JsonElement value)
        => _value.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private bool HasArray(string name, out JsonElement value, out int count)
    {
        count = 0;
        if (!Has(name, out value))
        {
            return false;
        }

        count = value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : throw Wrong("an array", value, name);
        return true;
    }

    private string KeyOf(JsonProperty property)
    {
        try
        {
            return property.Name.Contains('\0', StringComparison.Ordinal) ? throw new ConfigException(Path, "has a name with a NUL") : property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ConfigException(Path, "has a name that is not valid Unicode");
        }
    }

    private string TextOf(JsonElement value, string name, int index = -1)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Wrong("a string", value, name, index);
        }

        try
        {
            return Checked(value.GetString()!, name, index);
        }
        catch (InvalidOperationException)
        {
            throw new ConfigException(Indexed(PathOf(name), index), "is not valid Unicode");
        }
    }

    // The kernel would read a shorter text than everyone else: "/etc\0/../../root" is "/etc" there.
    private string Checked(string text, string name, int index = -1)
        => text.Contains('\0', StringComparison.Ordinal) ? throw new ConfigException(Indexed(PathOf(name), index), "must not contain a NUL") : text;

    private long Whole(JsonElement value, string name, long min, long max, int index = -1)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= min && number <= max
            ? number
            : throw Wrong($"a whole number from {min} to {max}", value, name, index);

    private ConfigException Wrong(string wanted, JsonElement value, string? name = null, int index = -1)
        => new(name is null ? Path : Indexed(PathOf(name), index), $"must be {wanted}, not {Kind(value)}");

    private string PathOf(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    private static string Indexed(string path, int index)
        => index < 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => value.GetRawText() is { Length: <= 24 } digits ? digits : "a long number",
        JsonValueKind.Null => "null",
        _ => value.GetRawText(),
    };
}
