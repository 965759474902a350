using System.Globalization;
using System.Text;

namespace Containerception.Cdock;

/// <summary>Reads Go's constants: texts in double quotes or backquotes, characters, numbers.</summary>
internal static class GoConstant
{
    /// <summary>A string, long or double; null for what is none.</summary>
    public static object? TryRead(TemplateToken token) => token.Kind switch
    {
        TokenKind.TextConstant when token.Text[0] == '`' => token.Text[1..^1],
        TokenKind.TextConstant => TryUnquote(token.Text.AsSpan(1, token.Text.Length - 2)),
        TokenKind.CharacterConstant => TryUnquote(token.Text.AsSpan(1, token.Text.Length - 2)) is string text
            && Rune.DecodeFromUtf16(text, out Rune rune, out int length) == System.Buffers.OperationStatus.Done && length == text.Length
                ? (long)rune.Value
                : null,
        _ => TryNumber(token.Text),
    };

    private static object? TryNumber(string text)
    {
        bool negative = text.StartsWith('-');
        string digits = text.TrimStart('+', '-').Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        (NumberStyles style, string body) = digits switch
        {
            ['0', 'x', .. string hex] => (NumberStyles.AllowHexSpecifier, hex),
            ['0', 'b', .. string bits] => (NumberStyles.AllowBinarySpecifier, bits),
            _ => (NumberStyles.None, digits),
        };
        if (long.TryParse(body, style, CultureInfo.InvariantCulture, out long whole))
        {
            return negative ? -whole : whole;
        }

        return style == NumberStyles.None
            && double.TryParse(body, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number)
                ? negative ? -number : number
                : null;
    }

    private static string? TryUnquote(ReadOnlySpan<char> text)
    {
        StringBuilder plain = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            if (++i >= text.Length)
            {
                return null;
            }

            int digits = text[i] switch
            {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            if (digits > 0)
            {
                if (i + digits >= text.Length
                    || !int.TryParse(text.Slice(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                    || !Rune.IsValid(code))
                {
                    return null;
                }

                plain.Append(new Rune(code).ToString());
                i += digits;
                continue;
            }

            if ("abfnrtv\\'\"".IndexOf(text[i]) is int known and >= 0)
            {
                plain.Append("\a\b\f\n\r\t\v\\'\""[known]);
                continue;
            }

            return null;
        }

        return plain.ToString();
    }
}
