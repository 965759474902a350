namespace Containerception.Cgroups;

/// <summary>dbus-specification, "Valid Signatures" and "Valid Object Paths". A bus hangs up on who writes others.</summary>
internal static class DBusSignature
{
    /// <summary>Of arrays, and of structures.</summary>
    public const int DepthMax = 32;

    private const int LengthMax = 255;
    private const int None = -1;

    /// <summary>Whether that is one complete type.</summary>
    public static bool IsOneType(ReadOnlySpan<char> signature)
        => signature.Length is > 0 and <= LengthMax && EndOfType(signature, 0, 0, 0) == signature.Length;

    /// <summary>Whether that is a row of complete types, or none.</summary>
    public static bool IsSignature(ReadOnlySpan<char> signature)
    {
        int at = 0;
        while (at != None && at < signature.Length)
        {
            at = EndOfType(signature, at, 0, 0);
        }

        return at != None && signature.Length <= LengthMax;
    }

    /// <summary>Whether that is / or names of letters, digits and _, each behind a /.</summary>
    public static bool IsObjectPath(ReadOnlySpan<char> path)
    {
        char before = '/';
        foreach (char letter in path is ['/', ..] ? path[1..] : path)
        {
            if (letter == '/' ? before == '/' : !char.IsAsciiLetterOrDigit(letter) && letter != '_')
            {
                return false;
            }

            before = letter;
        }

        return path is "/" or ['/', .., not '/'];
    }

    private static int EndOfType(ReadOnlySpan<char> signature, int at, int arrays, int structures)
    {
        if (at >= signature.Length || arrays > DepthMax || structures > DepthMax)
        {
            return None;
        }

        return signature[at] switch
        {
            'a' when signature[(at + 1)..] is ['{', ..] => EndOfEntry(signature, at + 2, arrays + 1, structures + 1),
            'a' => EndOfType(signature, at + 1, arrays + 1, structures),
            '(' => EndOfStructure(signature, at + 1, arrays, structures + 1),
            'v' => at + 1,
            char letter => IsBasic(letter) ? at + 1 : None,
        };
    }

    private static int EndOfStructure(ReadOnlySpan<char> signature, int at, int arrays, int structures)
    {
        do
        {
            at = EndOfType(signature, at, arrays, structures);
        }
        while (at != None && at < signature.Length && signature[at] != ')');

        return at != None && at < signature.Length ? at + 1 : None;
    }

    private static int EndOfEntry(ReadOnlySpan<char> signature, int at, int arrays, int structures)
    {
        int end = at < signature.Length && IsBasic(signature[at]) ? EndOfType(signature, at + 1, arrays, structures) : None;
        return end != None && signature[end..] is ['}', ..] ? end + 1 : None;
    }

    private static bool IsBasic(char letter) => "ybnqiuxtdsogh".Contains(letter, StringComparison.Ordinal);
}
