using System.Text;

namespace Containerception.Clients.Tests;

/// <summary>A protobuf message that was received: its fields by their numbers.</summary>
internal sealed class ProtoReader
{
    private readonly List<(int Field, long Number, byte[] Bytes)> _fields = [];

    public ProtoReader(ReadOnlySpan<byte> message)
    {
        while (message.Length > 0)
        {
            ulong tag = Varint(ref message);
            ulong value = Varint(ref message);
            byte[] bytes = [];
            if ((tag & 7) == 2)
            {
                bytes = message[..(int)value].ToArray();
                message = message[(int)value..];
            }
            else
            {
                Assert.Equal(0UL, tag & 7);
            }

            _fields.Add(((int)(tag >> 3), (long)value, bytes));
        }
    }

    /// <summary>A field that is not there is 0.</summary>
    public long Number(int field) => _fields.Find(one => one.Field == field).Number;

    /// <summary>A field that is not there is empty.</summary>
    public string Text(int field) => Encoding.UTF8.GetString(_fields.Find(one => one.Field == field).Bytes ?? []);

    public ProtoReader Message(int field) => new(_fields.Find(one => one.Field == field).Bytes ?? []);

    public IEnumerable<ProtoReader> Messages(int field) => _fields.Where(one => one.Field == field).Select(one => new ProtoReader(one.Bytes));

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message[0];
            message = message[1..];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
    }
}
