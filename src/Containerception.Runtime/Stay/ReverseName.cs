using System.Globalization;
using System.Net;

namespace Containerception.Runtime;

/// <summary>Names that stand for addresses: 4.3.2.1.in-addr.arpa (RFC 1035, 3.5), and the nibbles of ip6.arpa (RFC 3596, 2.5).</summary>
internal static class ReverseName
{
    private const string Suffix4 = ".in-addr.arpa";
    private const string Suffix6 = ".ip6.arpa";
    private const int Bytes6 = 16;

    /// <summary>The address that a name stands for; null when it stands for none.</summary>
    public static IPAddress? TryParse(string name)
        => name.EndsWith(Suffix4, StringComparison.OrdinalIgnoreCase) ? TryParse4(name.AsSpan(0, name.Length - Suffix4.Length))
            : name.EndsWith(Suffix6, StringComparison.OrdinalIgnoreCase) ? TryParse6(name.AsSpan(0, name.Length - Suffix6.Length)) : null;

    private static IPAddress? TryParse4(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        int left = bytes.Length;
        foreach (Range part in text.Split('.'))
        {
            if (left == 0 || !byte.TryParse(text[part], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[--left]))
            {
                return null;
            }
        }

        return left == 0 ? new IPAddress(bytes) : null;
    }

    private static IPAddress? TryParse6(ReadOnlySpan<char> text)
    {
        if (text.Length != (4 * Bytes6) - 1)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[Bytes6];
        bytes.Clear();
        for (int i = 0; i < 2 * Bytes6; i++)
        {
            char digit = text[2 * i];
            if (!char.IsAsciiHexDigit(digit) || (i > 0 && text[(2 * i) - 1] != '.'))
            {
                return null;
            }

            int value = char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
            bytes[Bytes6 - 1 - (i / 2)] |= (byte)(i % 2 == 0 ? value : value << 4);
        }

        return new IPAddress(bytes);
    }
}
