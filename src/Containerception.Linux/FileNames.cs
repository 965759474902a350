using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Containerception.Linux;

/// <summary>
/// The kernel's texts as strings and back, without loss. A name is any bytes but NUL and slash: a byte that is not UTF-8 becomes a lone low
/// surrogate, U+DC80 to U+DCFF, which no UTF-8 says, and which becomes that byte again. None of these bytes is ASCII, so what was checked
/// for slashes and dots as a string, the kernel reads in the same way.
/// </summary>
public static class FileNames
{
    private const char FirstEscape = '\uDC80';
    private const char LastEscape = '\uDCFF';
    private const int EscapeBase = 0xDC00;

    /// <summary>Bytes that a character may take.</summary>
    private const int BytesPerCharacter = 3;

    /// <summary>The string of these bytes.</summary>
    public static string Read(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        StringBuilder text = new(bytes.Length);
        Span<char> pair = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done)
            {
                text.Append(pair[..rune.EncodeToUtf16(pair)]);
                bytes = bytes[length..];
            }
            else
            {
                text.Append((char)(EscapeBase + bytes[0]));
                bytes = bytes[1..];
            }
        }

        return text.ToString();
    }

    /// <summary>The bytes of a string.</summary>
    public static byte[] ToBytes(string text)
    {
        if (!MayHaveEscapes(text))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        byte[] bytes = new byte[LengthMax(text)];
        return bytes[..Write(text, bytes)];
    }

    internal static int LengthMax(string text) => text.Length * BytesPerCharacter;

    internal static bool MayHaveEscapes(string text) => text.AsSpan().ContainsAnyInRange(FirstEscape, LastEscape);

    internal static int Write(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        int written = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int length) != OperationStatus.Done && text[0] is >= FirstEscape and <= LastEscape)
            {
                bytes[written++] = (byte)(text[0] - EscapeBase);
                text = text[1..];
                continue;
            }

            // What is no character at all is told as U+FFFD, as everywhere in .NET.
            written += rune.EncodeToUtf8(bytes[written..]);
            text = text[length..];
        }

        return written;
    }
}
