using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Fuzz.Tests;

/// <summary>Inputs that are nearly right: those of a corpus with something in them changed.</summary>
internal static class Mutation
{
    /// <summary>JSON values that have broken parsers.</summary>
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1", "1.5", "1e400", "-0", "4294967295", "4294967296", "2147483648", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "\"\"", "\"/\"", "\"..\"", "\"\\u0000\"",
        "\"\\ud800\"", "\"a\\u0000b\"", "\"\\u001b[31m\"", "\"../../../../etc/passwd\"", "\"/proc/self/fd/7\"", "\"//a//\"", "\"1:2\"", "[]", "{}", "[null]", "[[]]",
        "{\"a\": {}}", "\"SCMP_ACT_ALLOW\"", "\"CAP_SYS_ADMIN\"", "\"0-3,7\"", "\"3-0\"", "\"\\n\"", "\"rbind\"", "\"ro\"", "\"/dev/null\"", "\"a\"", "\"=\"", "\"A=b\"", "\"1.0.2\"",
        "\"" + new string('x', 5000) + "\"", new string('[', 70) + new string(']', 70), string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40),
        "[" + string.Join(',', Enumerable.Repeat("0", 3000)) + "]", "\ufeff", "truee", "01", "'a'", "[1,]", "/*c*/1", "NaN",
    ];

    private static readonly byte[][] Bytes =
        [[0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [(byte)'\n'], [(byte)':'], [(byte)'/'], [(byte)' '], [(byte)','], "\\"u8.ToArray(), "99999999999"u8.ToArray(), "-1"u8.ToArray()];

    public static byte[] OfBytes(Choices choices, byte[][] corpus)
    {
        List<byte> bytes = [.. choices.Of(corpus)];
        for (int i = choices.Below(6); i >= 0; i--)
        {
            ChangeBytes(choices, bytes, corpus);
        }

        return [.. bytes];
    }

    /// <summary>A document with values replaced, members removed, doubled and moved; once in a while with bytes changed as well.</summary>
    public static byte[] OfJson(Choices choices, byte[][] corpus)
    {
        if (JsonTree.TryParse(choices.Of(corpus)) is not { } tree)
        {
            return OfBytes(choices, corpus);
        }

        for (int i = choices.Below(4); i >= 0; i--)
        {
            ChangeTree(choices, tree);
        }

        byte[] text = Encoding.UTF8.GetBytes(tree.ToString());
        return choices.Below(8) == 7 ? OfBytes(choices, [text]) : text;
    }

    private static void ChangeTree(Choices choices, JsonTree tree)
    {
        List<JsonTree> all = [.. tree.All()];
        JsonTree at = choices.Of(all);
        JsonTree other = choices.Of(all);
        switch (choices.Below(6))
        {
            case 0 or 1:
                at.Become(choices.Of(Values));
                break;
            case 2:
                at.RemoveChild(choices.Below(64));
                break;
            case 3:
                at.DoubleChild(choices.Below(64));
                break;
            case 4:
                // A copy: a node within itself would have no end.
                at.Become(other.ToString());
                break;
            default:
                at.AddChild(other.Name ?? "a", choices.Of(Values));
                break;
        }
    }

    private static void ChangeBytes(Choices choices, List<byte> bytes, byte[][] corpus)
    {
        int at = choices.Below(bytes.Count + 1);
        int length = Math.Min(choices.Below(24), bytes.Count - at);
        switch (choices.Below(5))
        {
            case 0:
                bytes.InsertRange(at, choices.Of(Bytes));
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 3 when at < bytes.Count:
                bytes[at] = (byte)choices.Below(256);
                break;
            default:
                byte[] other = choices.Of(corpus);
                bytes.InsertRange(at, other.AsSpan(choices.Below(other.Length + 1)));
                break;
        }
    }
}

/// <summary>JSON text as a tree that can also be wrong: leaves are any text, names may come twice.</summary>
internal sealed class JsonTree
{
    private List<JsonTree>? _children;
    private bool _isObject;
    private string _text = "";

    /// <summary>The member's name, in quotation marks.</summary>
    public string? Name { get; private set; }

    public static JsonTree? TryParse(byte[] json)
    {
        try
        {
            return Of(JsonNode.Parse(json), name: null);
        }
        catch (Exception bad) when (bad is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    public IEnumerable<JsonTree> All() => _children is null ? [this] : _children.SelectMany(child => child.All()).Prepend(this);

    public void Become(string text)
    {
        _children = null;
        _text = text;
    }

    public void RemoveChild(int index)
    {
        if (_children is { Count: > 0 })
        {
            _children.RemoveAt(index % _children.Count);
        }
    }

    public void DoubleChild(int index)
    {
        if (_children is { Count: > 0 })
        {
            _children.Add(_children[index % _children.Count].Copy());
        }
    }

    public void AddChild(string name, string text) => _children?.Add(new JsonTree { Name = name, _text = text });

    public override string ToString() => _children is null
        ? _text
        : _isObject ? "{" + string.Join(',', _children.Select(child => $"{child.Name ?? "\"a\""}:{child}")) + "}" : "[" + string.Join(',', _children) + "]";

    private JsonTree Copy() => new() { Name = Name, _text = ToString() };

    private static JsonTree Of(JsonNode? node, string? name) => node switch
    {
        JsonObject map => new() { Name = name, _isObject = true, _children = [.. map.Select(pair => Of(pair.Value, JsonValue.Create(pair.Key).ToJsonString()))] },
        JsonArray list => new() { Name = name, _children = [.. list.Select(item => Of(item, null))] },
        _ => new() { Name = name, _text = node?.ToJsonString() ?? "null" },
    };
}
