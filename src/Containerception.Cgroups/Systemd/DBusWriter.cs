using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Containerception.Cgroups;

/// <summary>Marshals values, little endian, each aligned to its size. dbus-specification, "Marshaling (Wire Format)".</summary>
internal sealed class DBusWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public ReadOnlySpan<byte> Written => CollectionsMarshal.AsSpan(_bytes);

    public void Align(int boundary) => CollectionsMarshal.SetCount(_bytes, (_bytes.Count + boundary - 1) & -boundary);

    public void Write(DBusValue value)
    {
        char type = value.Signature[0];
        Align(DBusValue.Alignment(type));
        switch (type)
        {
            case 's' or 'o':
                WriteText(value.Text);
                break;
            case 'g':
                WriteSignature(value.Text);
                break;
            case 'b':
                WriteNumber((bool)value.Content ? 1UL : 0, sizeof(uint));
                break;
            case 'd':
                WriteNumber(BitConverter.DoubleToUInt64Bits((double)value.Content), sizeof(ulong));
                break;
            case 'a':
                WriteArray(value);
                break;
            case '(' or '{':
                WriteAll(value.Items);
                break;
            case 'v':
                WriteSignature(value.Inner.Signature);
                Write(value.Inner);
                break;
            default:
                WriteNumber(value.Number, type == 'y' ? 1 : DBusValue.Alignment(type));
                break;
        }
    }

    public void WriteAll(IReadOnlyList<DBusValue> values)
    {
        foreach (DBusValue value in values)
        {
            Write(value);
        }
    }

    public void WriteNumber(ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.AddRange(bytes[..size]);
    }

    public void Append(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    private void WriteText(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber((ulong)bytes.Length, sizeof(uint));
        _bytes.AddRange(bytes);
        _bytes.Add(0);
    }

    private void WriteSignature(string signature)
    {
        _bytes.Add((byte)signature.Length);
        _bytes.AddRange(Encoding.ASCII.GetBytes(signature));
        _bytes.Add(0);
    }

    // The length counts neither itself nor what aligns the first element.
    private void WriteArray(DBusValue array)
    {
        int place = Length;
        WriteNumber(0, sizeof(uint));
        Align(DBusValue.Alignment(array.Signature[1]));
        int start = Length;
        WriteAll(array.Items);
        BinaryPrimitives.WriteInt32LittleEndian(CollectionsMarshal.AsSpan(_bytes)[place..], Length - start);
    }
}
