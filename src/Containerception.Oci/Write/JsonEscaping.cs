using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Containerception.Oci;

/// <summary>
/// Escapes in JSON what must be (RFC 8259, section 7) and what moves a terminal's cursor, and nothing else. The library's own encoders mind
/// HTML too, and begin with 35 kB of tables for it: time of every command, and memory of every supervisor.
/// </summary>
public sealed unsafe class JsonEscaping : JavaScriptEncoder
{
    private const int HexEscapeLength = 6;

    private JsonEscaping()
    {
    }

    /// <summary>For a document on one line.</summary>
    public static JsonWriterOptions Line { get; } = new() { Encoder = new JsonEscaping() };

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => HexEscapeLength;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < ' ' or '"' or '\\' or (>= 0x7F and < 0xA0);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        ReadOnlySpan<char> characters = new(text, textLength);
        for (int i = 0; i < characters.Length; i++)
        {
            if (WillEncode(characters[i]))
            {
                return i;
            }

            if (char.IsSurrogate(characters[i]))
            {
                // A lone one is no text: the caller puts the replacement character in its place.
                if (Rune.DecodeFromUtf16(characters[i..], out _, out _) != OperationStatus.Done)
                {
                    return i;
                }

                i++;
            }
        }

        return -1;
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        Span<char> escape = stackalloc char[HexEscapeLength];
        int length = Escape(unicodeScalar, escape);
        numberOfCharactersWritten = length <= bufferLength ? length : 0;
        return escape[..length].TryCopyTo(new Span<char>(buffer, bufferLength));
    }

    private static int Escape(int scalar, Span<char> escape)
    {
        escape[0] = '\\';
        char letter = scalar switch
        {
            '"' or '\\' => (char)scalar,
            '\b' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\f' => 'f',
            '\r' => 'r',
            _ => 'u',
        };
        escape[1] = letter;
        if (letter != 'u')
        {
            return 2;
        }

        // All that is escaped so lies in the first plane.
        for (int digit = 0; digit < 4; digit++)
        {
            escape[2 + digit] = "0123456789ABCDEF"[(scalar >> (12 - (4 * digit))) & 0xF];
        }

        return HexEscapeLength;
    }
}
