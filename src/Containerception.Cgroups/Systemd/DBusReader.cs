using System.Buffers.Binary;
using System.Text;

namespace Containerception.Cgroups;

/// <summary>Reads marshalled values. What is cut off or has no sense is an exception, never a read beyond the end.</summary>
internal sealed class DBusReader(byte[] bytes, bool bigEndian)
{
    // dbus-specification, "Valid Signatures": 32 arrays and 32 structures; variants count too.
    private const int DepthMax = 64;

    private int _at;
    private int _depth;

    public void Align(int boundary) => _at = (_at + boundary - 1) & -boundary;

    /// <summary>The values of a signature, one after the other.</summary>
    public List<DBusValue> ReadAll(string signature)
    {
        List<DBusValue> values = [];
        for (int at = 0; at < signature.Length;)
        {
            int end = EndOfType(signature, at);
            values.Add(Read(signature[at..end]));
            at = end;
        }

        return values;
    }

    public ulong ReadNumber(int size)
    {
        ReadOnlySpan<byte> taken = Take(size);
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        taken.CopyTo(bigEndian ? wide[(sizeof(ulong) - size)..] : wide);
        return bigEndian ? BinaryPrimitives.ReadUInt64BigEndian(wide) : BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }

    private DBusValue Read(string signature)
    {
        char type = signature[0];
        Align(DBusValue.Alignment(type));
        if (++_depth > DepthMax)
        {
            throw Wrong();
        }

        object content = type switch
        {
            's' or 'o' => ReadText((int)Math.Min(ReadNumber(sizeof(uint)), int.MaxValue)),
            'g' => ReadText((int)ReadNumber(1)),
            'b' => ReadNumber(sizeof(uint)) != 0,
            'd' => BitConverter.UInt64BitsToDouble(ReadNumber(sizeof(ulong))),
            'y' => ReadNumber(1),
            'n' or 'q' or 'i' or 'u' or 'h' or 'x' or 't' => ReadNumber(DBusValue.Alignment(type)),
            'a' => ReadArray(signature[1..]),
            '(' or '{' => ReadAll(signature[1..^1]),
            'v' => ReadVariant(),
            _ => throw Wrong(),
        };
        _depth--;
        return new(signature, content);
    }

    private string ReadText(int length)
    {
        string text = Encoding.UTF8.GetString(Take(length));
        Take(1);
        return text;
    }

    private DBusValue ReadVariant()
    {
        string signature = ReadText((int)ReadNumber(1));
        return signature.Length > 0 && EndOfType(signature, 0) == signature.Length ? Read(signature) : throw Wrong();
    }

    private List<DBusValue> ReadArray(string element)
    {
        int length = (int)Math.Min(ReadNumber(sizeof(uint)), int.MaxValue);
        Align(DBusValue.Alignment(element[0]));
        if (length > bytes.Length - _at)
        {
            throw Wrong();
        }

        int end = _at + length;
        List<DBusValue> items = [];
        while (_at < end)
        {
            int before = _at;
            items.Add(Read(element));
            if (_at == before)
            {
                throw Wrong();
            }
        }

        return items;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > bytes.Length - _at)
        {
            throw Wrong();
        }

        _at += length;
        return bytes.AsSpan(_at - length, length);
    }

    /// <summary>Where the complete type that begins here ends.</summary>
    private static int EndOfType(string signature, int at)
    {
        while (at < signature.Length && signature[at] == 'a')
        {
            at++;
        }

        int open = 0;
        for (; at < signature.Length; at++)
        {
            open += signature[at] switch
            {
                '(' or '{' => 1,
                ')' or '}' => -1,
                _ => 0,
            };
            if (open <= 0)
            {
                return open == 0 ? at + 1 : throw Wrong();
            }
        }

        throw Wrong();
    }

    private static CgroupException Wrong() => new("D-Bus: a message that makes no sense");
}
