using System.Globalization;
using System.Text;

namespace Containerception.Cgroups;

/// <summary>
/// GVariant's text format, as far as properties of units need it: <c>true</c>, <c>5</c> (int32), <c>uint64 5</c>, <c>5.5</c>, <c>'text'</c>,
/// <c>['a', 'b']</c>, <c>@as []</c>, <c>b'bytes'</c>. gvariant-text-format of GLib.
/// </summary>
internal ref struct PropertyText
{
    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;

    private PropertyText(ReadOnlySpan<char> text) => _text = text;

    /// <summary>null for what is no value.</summary>
    public static DBusValue? Parse(string text)
    {
        PropertyText reader = new(text);
        DBusValue? value = reader.ReadValue(type: null);
        return reader.Peek() == '\0' ? value : null;
    }

    private static string? TypeOf(ReadOnlySpan<char> keyword) => keyword switch
    {
        "boolean" => "b",
        "byte" => "y",
        "int16" => "n",
        "uint16" => "q",
        "int32" => "i",
        "uint32" => "u",
        "int64" => "x",
        "uint64" => "t",
        "double" => "d",
        "string" => "s",
        "objectpath" => "o",
        "signature" => "g",
        _ => null,
    };

    /// <summary>The next character that is no blank; NUL at the end.</summary>
    private char Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : '\0';
    }

    private DBusValue? ReadValue(string? type)
    {
        switch (Peek())
        {
            case '[':
                return ReadArray(type);
            case '\'' or '"':
                return ReadText() is { } text && IsTextOf(type ??= "s", text) ? new(type, text) : null;
            case 'b' when _at + 1 < _text.Length && _text[_at + 1] is '\'' or '"':
                _at++;
                return type is null or "ay" && ReadText() is { } bytes ? Bytes(bytes) : null;
            case '@':
                _at++;
                return type is null && ReadWord() is var signature && DBusSignature.IsOneType(signature) ? ReadValue(signature.ToString()) : null;
            default:
                return ReadPlain(type);
        }
    }

    // A keyword before a value says its type; without one a number is an int32, or with a point a double.
    private DBusValue? ReadPlain(string? type)
    {
        ReadOnlySpan<char> word = ReadWord();
        if (word is "true" or "false")
        {
            return type is null or "b" ? word is "true" : (DBusValue?)null;
        }

        if (type is null && TypeOf(word) is { } named)
        {
            return ReadValue(named);
        }

        return ParseNumber(word, type ?? (word.IndexOfAny(".eE") >= 0 && !word.StartsWith("0x") ? "d" : "i"));
    }

    private ReadOnlySpan<char> ReadWord()
    {
        Peek();
        int start = _at;
        while (_at < _text.Length && !char.IsWhiteSpace(_text[_at]) && _text[_at] is not (',' or ']' or '[' or '\'' or '"'))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private string? ReadText()
    {
        char mark = _text[_at++];
        StringBuilder text = new();
        while (_at < _text.Length)
        {
            char letter = _text[_at++];
            if (letter == mark)
            {
                return text.ToString();
            }

            if (letter == '\\')
            {
                if (_at == _text.Length)
                {
                    return null;
                }

                letter = Escaped(_text[_at++]);
            }

            text.Append(letter);
        }

        return null;
    }

    // Of what a bus hangs up on, nothing is said but that: so it is found here.
    private static bool IsTextOf(string type, string text) => type switch
    {
        "s" => true,
        "o" => DBusSignature.IsObjectPath(text),
        "g" => DBusSignature.IsSignature(text),
        _ => false,
    };

    private static char Escaped(char letter) => letter switch
    {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        _ => letter,
    };

    private DBusValue? ReadArray(string? type)
    {
        if (type is not (null or ['a', ..]) || ++_depth > DBusSignature.DepthMax)
        {
            return null;
        }

        _at++;
        string? element = type?[1..];
        List<DBusValue> items = [];
        while (Peek() != ']')
        {
            if (items.Count > 0 && (Peek() != ',' || ++_at == 0))
            {
                return null;
            }

            if (ReadValue(element) is not { } item)
            {
                return null;
            }

            // The first one's type is everyone's.
            element ??= item.Signature;
            items.Add(item);
        }

        _at++;
        _depth--;
        return element is null ? null : DBusValue.Array(element, items);
    }

    private static DBusValue Bytes(string text)
        => DBusValue.Array("y", [.. Encoding.UTF8.GetBytes(text).Append((byte)0).Select(value => new DBusValue("y", (ulong)value))]);

    private static DBusValue? ParseNumber(ReadOnlySpan<char> word, string type)
    {
        if (type == "d")
        {
            return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) ? new("d", real) : null;
        }

        bool isHex = word.StartsWith("0x", StringComparison.Ordinal);
        if (!Int128.TryParse(isHex ? word[2..] : word, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 number))
        {
            return null;
        }

        (Int128 min, Int128 max) = type switch
        {
            "y" => (0, byte.MaxValue),
            "n" => (short.MinValue, short.MaxValue),
            "q" => (0, ushort.MaxValue),
            "i" => (int.MinValue, int.MaxValue),
            "u" => (0, uint.MaxValue),
            "x" => (long.MinValue, long.MaxValue),
            "t" => (Int128.Zero, (Int128)ulong.MaxValue),
            _ => (Int128.One, Int128.Zero),
        };
        return number >= min && number <= max ? new(type, unchecked((ulong)number)) : null;
    }
}
