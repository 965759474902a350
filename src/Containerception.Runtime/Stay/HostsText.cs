using System.Net;
using System.Text;

namespace Containerception.Runtime;

/// <summary>A file as hosts(5) describes it: lines of an address and names, <c>#</c> before a comment. It is searched as it is; lines that are none are passed over.</summary>
internal static class HostsText
{
    /// <summary>Adds the addresses of a name, whatever its case, in the file's order; false when it is not there.</summary>
    public static bool TryFind(ReadOnlySpan<byte> text, string name, List<IPAddress> addresses)
    {
        bool found = false;
        while (TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            ReadOnlySpan<byte> address = TakeWord(ref line);
            for (ReadOnlySpan<byte> word = TakeWord(ref line); !word.IsEmpty; word = TakeWord(ref line))
            {
                if (Ascii.EqualsIgnoreCase(word, name) && IPAddress.TryParse(address, out IPAddress? parsed))
                {
                    found = true;
                    addresses.Add(parsed);
                    break;
                }
            }
        }

        return found;
    }

    /// <summary>The first name of an address; null when it is not there.</summary>
    public static string? NameOf(ReadOnlySpan<byte> text, IPAddress address)
    {
        while (TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            ReadOnlySpan<byte> word = TakeWord(ref line);
            ReadOnlySpan<byte> name = TakeWord(ref line);
            if (!name.IsEmpty && IPAddress.TryParse(word, out IPAddress? parsed) && parsed.Equals(address))
            {
                return Encoding.ASCII.GetString(name);
            }
        }

        return null;
    }

    private static bool TryTakeLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        line = default;
        if (text.IsEmpty)
        {
            return false;
        }

        int end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        int comment = line.IndexOf((byte)'#');
        line = comment < 0 ? line : line[..comment];
        return true;
    }

    private static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t\r"u8);
        int end = line.IndexOfAny(" \t\r"u8);
        ReadOnlySpan<byte> word = end < 0 ? line : line[..end];
        line = line[word.Length..];
        return word;
    }
}
