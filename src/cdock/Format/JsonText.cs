using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary>JSON as docker writes it: on one line, or four blanks deep; with what HTML minds left as it is.</summary>
internal static class JsonText
{
    private const int Indent = 4;

    public static string Line(JsonNode node) => Write(node, isIndented: false);

    public static string Indented(JsonNode node) => Write(node, isIndented: true);

    private static string Write(JsonNode node, bool isIndented)
    {
        ArrayBufferWriter<byte> text = new();
        JsonWriterOptions options = JsonEscaping.Line with { Indented = isIndented, IndentSize = Indent };
        using (Utf8JsonWriter writer = new(text, options))
        {
            node.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
