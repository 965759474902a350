using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary>The functions of Go's templates and of docker's. What is wrong is a FormatException, in Go's words.</summary>
/// <param name="isHeading">docker's functions leave a table's headings as they are.</param>
internal sealed class TemplateFunctions(bool isHeading)
{
    private const int PaddingMax = 1_000_000;

    public static string[] Known { get; } =
    [
        "and", "eq", "ge", "gt", "html", "index", "join", "json", "le", "len", "lower", "lt", "ne", "not", "or", "pad", "print", "printf",
        "println", "slice", "split", "title", "truncate", "upper", "urlquery",
    ];

    public object Call(string name, object[] arguments) => name switch
    {
        "eq" => Equal(arguments),
        "ne" => !Equal(Exactly(name, arguments, 2)),
        "lt" => Compare(name, Exactly(name, arguments, 2)) < 0,
        "le" => Compare(name, Exactly(name, arguments, 2)) <= 0,
        "gt" => Compare(name, Exactly(name, arguments, 2)) > 0,
        "ge" => Compare(name, Exactly(name, arguments, 2)) >= 0,
        "not" => !GoText.IsTrue(Exactly(name, arguments, 1)[0]),
        "len" => Length(Exactly(name, arguments, 1)[0]),
        "index" => Index(arguments),
        "slice" => AtLeast(name, arguments, 1)[0] switch
        {
            string text => Part(text, Bounds(arguments, text.Length)),
            JsonArray array => Part(array, Bounds(arguments, array.Count)),
            object other => throw new FormatException($"error calling slice: can't slice item of type {GoText.TypeName(other)}"),
        },
        "print" => Print(arguments),
        "println" => string.Join(' ', arguments.Select(GoText.Print)) + "\n",
        "printf" => Printf.Write(Text(AtLeast(name, arguments, 1), 0), arguments.AsSpan(1)),
        "html" => Html(Print(arguments)),
        "urlquery" => Uri.EscapeDataString(Print(arguments)).Replace("%20", "+", StringComparison.Ordinal),
        "json" when isHeading => Exactly(name, arguments, 1)[0],
        "json" => GoText.Json(Exactly(name, arguments, 1)[0]),
        "title" or "lower" or "upper" => Cased(name, Text(Exactly(name, arguments, 1), 0)),
        "truncate" => Truncated(Text(Exactly(name, arguments, 2), 0), Number(arguments, 1)),
        "pad" => Padded(Text(Exactly(name, arguments, 3), 0), Number(arguments, 1), Number(arguments, 2)),
        "split" => Split(Text(Exactly(name, arguments, 2), 0), Text(arguments, 1)),
        "join" => Join(Exactly(name, arguments, 2)[0], Text(arguments, 1)),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static object[] Exactly(string name, object[] arguments, int count)
        => arguments.Length == count ? arguments : throw new FormatException($"wrong number of args for {name}: want {count} got {arguments.Length}");

    private static object[] AtLeast(string name, object[] arguments, int count)
        => arguments.Length >= count ? arguments : throw new FormatException($"wrong number of args for {name}: want at least {count} got {arguments.Length}");

    private static string Text(object[] arguments, int at)
        => arguments[at] is string text ? text : throw new WrongArgumentException(at, "string", arguments[at]);

    private static int Number(object[] arguments, int at)
        => arguments[at] is long number ? (int)Math.Clamp(number, int.MinValue, int.MaxValue) : throw new WrongArgumentException(at, "int", arguments[at]);

    // The first is compared with each of the others.
    private static bool Equal(object[] arguments)
    {
        if (arguments.Length < 2)
        {
            throw new FormatException(
                arguments.Length == 0 ? "wrong number of args for eq: want at least 1 got 0" : "error calling eq: missing argument for comparison");
        }

        object first = arguments[0];
        foreach (object other in arguments.AsSpan(1))
        {
            bool comparable = (first is Nil && other is Nil or JsonNode) || (other is Nil && first is JsonNode)
                || (first.GetType() == other.GetType() && first is string or long or double or bool) || first is Nil || other is Nil;
            if (!comparable)
            {
                throw new FormatException($"error calling eq: {Incomparable(first, other)}");
            }

            if (first.Equals(other) || (first is Nil && other is Nil))
            {
                return true;
            }
        }

        return false;
    }

    private static int Compare(string name, object[] arguments) => (arguments[0], arguments[1]) switch
    {
        (string one, string other) => string.CompareOrdinal(one, other),
        (long one, long other) => one.CompareTo(other),
        (double one, double other) => one.CompareTo(other),
        _ => throw new FormatException($"error calling {name}: {Incomparable(arguments[0], arguments[1])}"),
    };

    private static string Incomparable(object one, object other)
        => $"incompatible types for comparison: {GoText.TypeName(one)} and {GoText.TypeName(other)}";

    private static long Length(object value) => value switch
    {
        string text => Encoding.UTF8.GetByteCount(text),
        JsonArray array => array.Count,
        JsonObject map when GoText.IsMap(map) => map.Count,
        Nil nothing when nothing == Nil.Slice || nothing == Nil.Map => 0,
        Nil => throw new FormatException("error calling len: len of nil pointer"),
        _ => throw new FormatException($"error calling len: len of type {GoText.TypeName(value)}"),
    };

    private static object Index(object[] arguments)
    {
        object value = AtLeast("index", arguments, 1)[0];
        foreach (object index in arguments.AsSpan(1))
        {
            value = (value, index) switch
            {
                (JsonObject map, string key) when GoText.IsMap(map) => map.TryGetPropertyValue(key, out JsonNode? entry)
                    ? GoText.Of(entry, "") : Absent(map),
                (JsonArray array, long at) => Item(array, at),
                (string text, long at) => Byte(text, at),
                (JsonArray or string, _) => throw new FormatException($"error calling index: cannot index slice/array with type {GoText.TypeName(index)}"),
                (JsonObject map, _) when GoText.IsMap(map)
                    => throw new FormatException($"error calling index: value has type {GoText.TypeName(index)}; should be string"),
                (Nil nothing, string) when nothing == Nil.Map => "",
                (Nil nothing, long at) when nothing == Nil.Slice => throw new FormatException($"error calling index: index out of range: {at}"),
                (Nil, _) => throw new FormatException("error calling index: index of untyped nil"),
                _ => throw new FormatException($"error calling index: can't index item of type {GoText.TypeName(value)}"),
            };
        }

        return value;
    }

    // What a map does not have is its type's zero: of texts the empty one.
    private static object Absent(JsonObject map)
        => map.GetPropertyName() is "Labels" or "Annotations" or "Attributes" or "Options" or "Details" or "DriverOpts" or "Sysctls" or "Tmpfs" or "StorageOpt"
            ? ""
            : Nil.Missing;

    private static object Item(JsonArray array, long at)
        => at >= 0 && at < array.Count
            ? array[(int)at] is JsonNode item ? GoText.Of(item) : Nil.Pointer
            : throw new FormatException($"error calling index: index out of range: {at}");

    private static long Byte(string text, long at)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return at >= 0 && at < bytes.Length ? bytes[at] : throw new FormatException($"error calling index: index out of range: {at}");
    }

    private static (int Begin, int End) Bounds(object[] arguments, int length)
    {
        if (arguments.Length > 3)
        {
            throw new FormatException($"error calling slice: too many slice indexes: {arguments.Length - 1}");
        }

        int begin = arguments.Length > 1 ? Number(arguments, 1) : 0;
        int end = arguments.Length > 2 ? Number(arguments, 2) : length;
        if (begin < 0 || begin > length || end < 0 || end > length)
        {
            throw new FormatException($"error calling slice: index out of range: {(begin < 0 || begin > length ? begin : end)}");
        }

        return begin <= end ? (begin, end) : throw new FormatException($"error calling slice: invalid slice index: {begin} > {end}");
    }

    private static string Part(string text, (int Begin, int End) bounds) => text[bounds.Begin..bounds.End];

    private static JsonArray Part(JsonArray array, (int Begin, int End) bounds)
        => [.. array.Skip(bounds.Begin).Take(bounds.End - bounds.Begin).Select(item => item?.DeepClone())];

    // As Go's Sprint: a space between two that are no texts.
    private static string Print(object[] arguments)
    {
        StringBuilder text = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            text.Append(i > 0 && arguments[i] is not string && arguments[i - 1] is not string ? " " : "").Append(GoText.Print(arguments[i]));
        }

        return text.ToString();
    }

    private static string Html(string text)
        => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);

    private string Cased(string name, string text) => isHeading ? text : name switch
    {
        "lower" => text.ToLowerInvariant(),
        "upper" => text.ToUpperInvariant(),
        _ => string.Concat(text.Select((letter, i)
            => i == 0 || !(char.IsLetterOrDigit(text[i - 1]) || text[i - 1] == '_') ? char.ToUpperInvariant(letter) : letter)),
    };

    private string Truncated(string text, int length)
        => isHeading || length >= text.Length ? text
            : length >= 0 ? text[..length]
            : throw new FormatException($"error calling truncate: slice bounds out of range [:{length}]");

    private static string Padded(string text, int before, int after)
        => text.Length == 0 ? text
            : before is >= 0 and <= PaddingMax && after is >= 0 and <= PaddingMax ? new string(' ', before) + text + new string(' ', after)
            : throw new FormatException($"error calling pad: invalid padding {before.ToString(CultureInfo.InvariantCulture)}, {after.ToString(CultureInfo.InvariantCulture)}");

    private static JsonArray Split(string text, string separator)
        => separator.Length == 0
            ? [.. text.EnumerateRunes().Select(rune => (JsonNode)rune.ToString())]
            : [.. text.Split(separator).Select(part => (JsonNode)part)];

    private static string Join(object value, string separator) => value switch
    {
        JsonArray array => string.Join(separator, GoText.Items(array).Select(GoText.Print)),
        Nil => "",
        _ => throw new FormatException($"error calling join: expected slice, got {GoText.TypeName(value)}"),
    };
}

/// <summary>An argument is not of the type that a function takes.</summary>
internal sealed class WrongArgumentException(int at, string wanted, object given) : FormatException($"wrong type for value; expected {wanted}; got {GoText.TypeName(given)}")
{
    /// <summary>Which one, from zero.</summary>
    public int At { get; } = at;

    public string Wanted { get; } = wanted;
}
