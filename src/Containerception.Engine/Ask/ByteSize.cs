using System.Globalization;

namespace Containerception.Engine;

/// <summary>A number of bytes in docker's grammar: <c>64m</c>, <c>1.5g</c>, <c>512KiB</c>, <c>1048576</c>. Units are powers of 1024.</summary>
public readonly record struct ByteSize
{
    /// <summary>How many.</summary>
    public long Bytes { get; private init; }

    /// <summary>Reads a size; the field is named in the error.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: not a size.</exception>
    public static ByteSize Parse(string text, string field)
        => TryParse(text, out ByteSize size)
            ? size
            : throw EngineException.Invalid($"{field}: invalid size \"{text}\"", "a size is a number and b, k, m, g or t: 64m, 1.5g");

    /// <summary>Reads a size; false for what is none, negative numbers among them.</summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        ReadOnlySpan<char> rest = text.AsSpan().TrimEnd();
        rest = TrimLast(TrimLast(rest, 'b'), 'i');
        int shift = 0;
        if (rest.Length > 0 && "kmgtp".IndexOf(char.ToLowerInvariant(rest[^1])) is int unit and >= 0)
        {
            shift = 10 * (unit + 1);
            rest = rest[..^1].TrimEnd();
        }
        else if (text.EndsWith("ib", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        if (rest.Length == 0
            || !decimal.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || number > long.MaxValue >> shift)
        {
            return false;
        }

        size = new ByteSize { Bytes = (long)(number * (1L << shift)) };
        return true;
    }

    /// <summary>The bytes, in digits.</summary>
    public override string ToString() => Bytes.ToString(CultureInfo.InvariantCulture);

    private static ReadOnlySpan<char> TrimLast(ReadOnlySpan<char> text, char letter)
        => text.Length > 0 && char.ToLowerInvariant(text[^1]) == letter ? text[..^1] : text;
}
