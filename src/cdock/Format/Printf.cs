using System.Globalization;
using System.Text;

namespace Containerception.Cdock;

/// <summary>Go's printf: the verbs for texts, numbers and truths, with width, precision and flags. What is wrong stands in the text, as there.</summary>
internal static class Printf
{
    // Go's own bound.
    private const int WidthMax = 1_000_000;

    public static string Write(string format, ReadOnlySpan<object> arguments)
    {
        StringBuilder text = new();
        int used = 0;
        int i = 0;
        while (i < format.Length)
        {
            if (format[i] != '%')
            {
                text.Append(format[i++]);
                continue;
            }

            Verb verb = Verb.Read(format, ref i);
            text.Append(
                verb.Letter == '\0' ? "%!(NOVERB)"
                : verb.Letter == '%' ? "%"
                : used < arguments.Length ? Formatted(verb, arguments[used++])
                : $"%!{verb.Letter}(MISSING)");
        }

        return used < arguments.Length
            ? text.Append("%!(EXTRA ").AppendJoin(", ", arguments[used..].ToArray().Select(one => $"{GoText.TypeName(one)}={GoText.Print(one)}")).Append(')').ToString()
            : text.ToString();
    }

    private static string Formatted(Verb verb, object value)
    {
        string? plain = (verb.Letter, value) switch
        {
            ('T', _) => GoText.TypeName(value),
            ('v', string text) when verb.Sharp => GoText.Quote(text),
            ('v', _) => GoText.Print(value),
            ('s', string text) => Cut(text, verb),
            ('s', not (long or double or bool)) => GoText.Print(value),
            ('q', string text) => GoText.Quote(Cut(text, verb)),
            ('q', long rune) => $"'{Character(rune)}'",
            ('t', bool) => GoText.Print(value),
            ('x' or 'X', string text) => Hex(Encoding.UTF8.GetBytes(text), verb),
            ('d' or 'b' or 'o' or 'x' or 'X', long number) => Whole(verb, number),
            ('c', long rune) => Character(rune),
            ('U', long rune) => $"U+{rune:X4}",
            ('f' or 'F' or 'e' or 'E' or 'g' or 'G', double number) => Signed(verb, number, Fraction(verb, number)),
            _ => null,
        };
        return plain is null
            ? value is Nil ? $"%!{verb.Letter}({GoText.Print(value)})" : $"%!{verb.Letter}({GoText.TypeName(value)}={GoText.Print(value)})"
            : Padded(verb, plain, value is long or double);
    }

    private static string Character(long rune)
        => (Rune.IsValid((int)Math.Clamp(rune, -1, int.MaxValue)) ? new Rune((int)rune) : Rune.ReplacementChar).ToString();

    private static string Cut(string text, Verb verb) => verb.Precision is int length && length < text.Length ? text[..length] : text;

    private static string Hex(byte[] bytes, Verb verb) => verb.Letter == 'x' ? Convert.ToHexStringLower(bytes) : Convert.ToHexString(bytes);

    private static string Whole(Verb verb, long number)
    {
        string digits = verb.Letter switch
        {
            'd' => Magnitude(number).ToString(CultureInfo.InvariantCulture),
            'b' => Magnitude(number).ToString("b", CultureInfo.InvariantCulture),
            'o' => (verb.Sharp ? "0" : "") + Octal(Magnitude(number)),
            'x' => (verb.Sharp ? "0x" : "") + Magnitude(number).ToString("x", CultureInfo.InvariantCulture),
            _ => (verb.Sharp ? "0X" : "") + Magnitude(number).ToString("X", CultureInfo.InvariantCulture),
        };
        digits = verb.Precision is int least ? digits.PadLeft(least, '0') : digits;
        return Signed(verb, number, digits);
    }

    private static ulong Magnitude(long number) => number < 0 ? (ulong)-(number + 1) + 1 : (ulong)number;

    private static string Octal(ulong number)
    {
        string digits = "";
        do
        {
            digits = (char)('0' + (number % 8)) + digits;
            number /= 8;
        }
        while (number > 0);

        return digits;
    }

    private static string Fraction(Verb verb, double number)
    {
        int digits = Math.Min(verb.Precision ?? 6, 300);
        double magnitude = Math.Abs(number);
        string exponent = $"0{(digits > 0 ? "." + new string('0', digits) : "")}{(char.IsUpper(verb.Letter) ? "E" : "e")}+00";
        return char.ToLowerInvariant(verb.Letter) switch
        {
            'f' => magnitude.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            'e' => magnitude.ToString(exponent, CultureInfo.InvariantCulture),
            _ => verb.Precision is int significant
                ? magnitude.ToString("G" + Math.Max(1, significant).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
                : GoText.Number(magnitude),
        };
    }

    private static string Signed(Verb verb, double number, string magnitude)
        => (number < 0 ? "-" : verb.Plus ? "+" : verb.Space ? " " : "") + magnitude;

    private static string Padded(Verb verb, string text, bool isNumber)
    {
        int missing = verb.Width - text.EnumerateRunes().Count();
        if (missing <= 0)
        {
            return text;
        }

        // Zeros go between the sign and the digits.
        return verb.Minus ? text + new string(' ', missing)
            : !verb.Zero ? new string(' ', missing) + text
            : isNumber && text[0] is '-' or '+' or ' ' ? text[0] + new string('0', missing) + text[1..]
            : new string('0', missing) + text;
    }

    private readonly record struct Verb(char Letter, bool Minus, bool Plus, bool Sharp, bool Zero, bool Space, int Width, int? Precision)
    {
        // From the percent sign to behind the letter.
        public static Verb Read(string format, ref int at)
        {
            int begin = ++at;
            while (at < format.Length && "-+#0 ".Contains(format[at]))
            {
                at++;
            }

            string flags = format[begin..at];
            int width = Number(format, ref at);
            int? precision = null;
            if (at < format.Length && format[at] == '.')
            {
                at++;
                precision = Number(format, ref at);
            }

            char letter = at < format.Length ? format[at++] : '\0';
            return new Verb(
                letter, flags.Contains('-'), flags.Contains('+'), flags.Contains('#'), flags.Contains('0'), flags.Contains(' '), width, precision);
        }

        private static int Number(string format, ref int at)
        {
            int number = 0;
            while (at < format.Length && char.IsAsciiDigit(format[at]))
            {
                number = Math.Min(WidthMax, (number * 10) + (format[at++] - '0'));
            }

            return number;
        }
    }
}
