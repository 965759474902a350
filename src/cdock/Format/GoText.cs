using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary>
/// Nothing, of the three kinds that Go writes differently; <see cref="Missing"/> is what a map does not have. docker's own model tells
/// them apart by type, JSON does not: the member's name does.
/// </summary>
internal sealed record Nil(string Text)
{
    private static readonly string[] Pointers =
        ["Health", "Healthcheck", "Init", "IPAMConfig", "MemorySwappiness", "OomKillDisable", "PidsLimit", "Platform", "SizeRootFs", "SizeRw", "UsageData"];

    public static Nil Missing { get; } = new("<no value>");

    public static Nil Map { get; } = new("map[]");

    public static Nil Slice { get; } = new("[]");

    public static Nil Pointer { get; } = new("<nil>");

    /// <summary>What docker's model has even where it is left out of the JSON.</summary>
    public static bool IsPointer(string member) => Pointers.Contains(member);

    public static Nil Of(string member) => GoText.IsMap(member) ? Map : Pointers.Contains(member) ? Pointer : Slice;
}

/// <summary>Values as Go's fmt writes them: a string, long, double, bool, <see cref="Nil"/>, <see cref="Row"/>, JsonArray or JsonObject.</summary>
internal static class GoText
{
    private const int DepthMax = 64;

    // Members of docker's API that are maps, whose keys users choose; every other object is a struct.
    private static readonly string[] Maps =
    [
        "Annotations", "Attributes", "AuxiliaryAddresses", "Containers", "Data", "Details", "DriverOpts", "ExposedPorts", "IndexConfigs", "Labels", "Metadata", "Networks",
        "Options", "PortBindings", "Ports", "Runtimes", "StorageOpt", "Sysctls", "Tmpfs", "Volumes",
    ];

    public static bool IsMap(string member) => Maps.Contains(member);

    public static bool IsMap(JsonObject one)
        => one.Parent is JsonObject parent && one.GetPropertyName() is string name
            && (IsMap(name) || (name == "Config" && parent.Parent is JsonObject && parent.GetPropertyName() == "LogConfig"));

    /// <summary>A member's value.</summary>
    public static object Of(JsonNode? node, string member) => node is null ? Nil.Of(member) : Of(node);

    public static object Of(JsonNode node) => node.GetValueKind() switch
    {
        // A plain switch would make a JsonNode of each.
        JsonValueKind.String => (object)node.GetValue<string>(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when long.TryParse(node.ToJsonString(), CultureInfo.InvariantCulture, out long whole) => whole,
        JsonValueKind.Number => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture),
        _ => node,
    };

    /// <summary>The members of an array.</summary>
    public static IEnumerable<object> Items(JsonArray array) => array.Select(item => item is null ? Nil.Pointer : Of(item));

    /// <summary><c>%v</c>.</summary>
    public static string Print(object value) => Print(value, 0);

    public static string TypeName(object value) => value switch
    {
        string => "string",
        long => "int",
        double => "float64",
        bool => "bool",
        JsonArray => "[]interface {}",
        Row => "row",
        JsonObject one when IsMap(one) => "map[string]interface {}",
        JsonObject => "struct",
        _ => "nil",
    };

    public static bool IsTrue(object value) => value switch
    {
        string text => text.Length > 0,
        long number => number != 0,
        double number => number != 0,
        bool truth => truth,
        JsonArray array => array.Count > 0,
        JsonObject one => !IsMap(one) || one.Count > 0,
        Row => true,
        _ => false,
    };

    /// <summary>JSON on one line, with what HTML minds left as it is.</summary>
    public static string Json(object value) => value switch
    {
        string text => JsonText.Line(JsonValue.Create(text)),
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        bool truth => truth ? "true" : "false",
        JsonNode node => JsonText.Line(node),

        // docker writes rows by a marshaller of their own, which minds HTML; members in the order of their names.
        Row row => JsonText.Line(Sorted(row.Fields)).Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal),
        _ => "null",
    };

    private static JsonObject Sorted(JsonObject one)
        => new(one.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));

    /// <summary>In double quotes, as <c>%q</c>.</summary>
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\v' => "\\v",
                < ' ' or 0x7F => $"\\x{rune.Value:x2}",
                _ => rune.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    /// <summary><c>%v</c> of a number with a fraction: the shortest text that reads back the same.</summary>
    public static string Number(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf";
        }

        int exponent = number == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(number)));
        return exponent is < -4 or >= 21
            ? number.ToString("0.################e+00", CultureInfo.InvariantCulture)
            : decimal.Parse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture)
                .ToString("0.############################", CultureInfo.InvariantCulture);
    }

    private static string Print(object value, int depth) => value switch
    {
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Number(number),
        bool truth => truth ? "true" : "false",
        Nil nothing => nothing.Text,
        Row row => Print(row.Fields, depth),
        _ when depth > DepthMax => "...",
        JsonArray array => $"[{string.Join(' ', Items(array).Select(item => Print(item, depth + 1)))}]",
        JsonObject map when IsMap(map)
            => $"map[{string.Join(' ', map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}:{Print(Member(map, entry), depth + 1)}"))}]",
        JsonObject one => $"{{{string.Join(' ', one.Select(entry => Print(Of(entry.Value, entry.Key), depth + 1)))}}}",
        _ => value.ToString() ?? "",
    };

    // A map's keys say nothing of its values: no entry of docker's maps is a map, and what is null is a list.
    private static object Member(JsonObject map, KeyValuePair<string, JsonNode?> entry)
        => entry.Value is JsonNode node ? Of(node) : map.GetPropertyName() is "Volumes" or "ExposedPorts" ? "{}" : Nil.Slice;
}
