using System.Buffers;
using System.Text;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

public sealed class JsonEscapingTests
{
    public static TheoryData<string, string> Texts => new()
    {
        { "plain", "plain" },
        { "<a href='x'>&+ü€\U0001F600\u2028</a>", "<a href='x'>&+ü€\U0001F600\u2028</a>" },
        { "\"\\/", "\\\"\\\\/" },
        { "\b\t\n\f\r", "\\b\\t\\n\\f\\r" },
        { "\0\u001b[2J\u007f\u0085", "\\u0000\\u001B[2J\\u007F\\u0085" },
        { "lone \ud83d and \ude00", "lone \\uFFFD and \\uFFFD" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void What_must_be_escaped_is_and_nothing_else(string text, string written)
    {
        string json = Write(text);

        Assert.Equal($"{{\"{written}\":\"{written}\"}}", json);
    }

    [Fact]
    public void Every_character_comes_back_as_it_was()
    {
        foreach (int scalar in Enumerable.Range(0, 0x110000).Where(Rune.IsValid))
        {
            string text = $"a{new Rune(scalar)}z";
            using JsonDocument read = JsonDocument.Parse(Write(text));
            Assert.Equal(text, read.RootElement.EnumerateObject().Single().Value.GetString());
        }
    }

    private static string Write(string text)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter json = new(bytes, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString(text, text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
