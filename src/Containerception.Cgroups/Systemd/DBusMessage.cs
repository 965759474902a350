namespace Containerception.Cgroups;

/// <summary>What a message is.</summary>
internal enum DBusMessageType : byte
{
    Call = 1,
    Reply,
    Error,
    Signal,
}

/// <summary>One message. dbus-specification, "Message Format".</summary>
internal sealed record DBusMessage(DBusMessageType Type, uint Serial)
{
    /// <summary>The fixed part of the header, with the length of the array of fields behind it.</summary>
    public const int PrefixSize = 16;

    // systemd's answers have a few hundred bytes; the specification allows 128 MiB.
    private const int BytesMax = 1 << 20;
    private const byte LittleEndian = (byte)'l';
    private const byte BigEndian = (byte)'B';
    private const byte NoReplyExpected = 1;
    private const byte Version = 1;

    public bool WantsReply { get; init; }

    public string? Path { get; init; }

    public string? Interface { get; init; }

    public string? Member { get; init; }

    public string? ErrorName { get; init; }

    public string? Destination { get; init; }

    /// <summary>The unique name of who sent it, which a bus vouches for.</summary>
    public string? Sender { get; init; }

    /// <summary>The call that this one answers.</summary>
    public uint ReplySerial { get; init; }

    public IReadOnlyList<DBusValue> Body { get; init; } = [];

    public byte[] Write()
    {
        DBusWriter body = new();
        body.WriteAll(Body);
        List<DBusValue> fields = [];
        AddField(fields, 1, "o", Path);
        AddField(fields, 2, "s", Interface);
        AddField(fields, 3, "s", Member);
        AddField(fields, 6, "s", Destination);
        AddField(fields, 8, "g", Body.Count == 0 ? null : string.Concat(Body.Select(value => value.Signature)));
        DBusWriter message = new();
        message.Append([LittleEndian, (byte)Type, WantsReply ? (byte)0 : NoReplyExpected, Version]);
        message.WriteNumber((ulong)body.Length, sizeof(uint));
        message.WriteNumber(Serial, sizeof(uint));
        message.Write(DBusValue.Array("(yv)", fields));
        message.Align(8);
        message.Append(body.Written);
        return message.Written.ToArray();
    }

    /// <summary>How long the message is that begins so.</summary>
    public static int LengthOf(ReadOnlySpan<byte> prefix)
    {
        DBusReader reader = new(prefix[..PrefixSize].ToArray(), IsBigEndian(prefix[0]));
        reader.ReadNumber(4);
        ulong body = reader.ReadNumber(sizeof(uint));
        reader.ReadNumber(sizeof(uint));
        ulong fields = reader.ReadNumber(sizeof(uint));
        ulong length = ((PrefixSize + fields + 7) & ~7UL) + body;
        return length <= BytesMax ? (int)length : throw new CgroupException($"D-Bus: a message of {length} bytes");
    }

    public static DBusMessage Read(byte[] bytes)
    {
        DBusReader reader = new(bytes, IsBigEndian(bytes[0]));
        reader.ReadNumber(1);
        DBusMessageType type = (DBusMessageType)reader.ReadNumber(1);
        reader.ReadNumber(2);
        reader.ReadNumber(sizeof(uint));
        DBusMessage message = new(type, (uint)reader.ReadNumber(sizeof(uint)));
        string signature = "";
        foreach (DBusValue field in reader.ReadAll("a(yv)")[0].Items)
        {
            object content = field.Items[1].Inner.Content;
            switch (field.Items[0].Number)
            {
                case 1:
                    message = message with { Path = content as string };
                    break;
                case 2:
                    message = message with { Interface = content as string };
                    break;
                case 3:
                    message = message with { Member = content as string };
                    break;
                case 4:
                    message = message with { ErrorName = content as string };
                    break;
                case 5:
                    message = message with { ReplySerial = content is ulong serial ? (uint)serial : 0 };
                    break;
                case 7:
                    message = message with { Sender = content as string };
                    break;
                case 8:
                    signature = content as string ?? "";
                    break;
            }
        }

        reader.Align(8);
        return message with { Body = reader.ReadAll(signature) };
    }

    private static bool IsBigEndian(byte mark) => mark switch
    {
        LittleEndian => false,
        BigEndian => true,
        _ => throw new CgroupException("D-Bus: a message that begins with neither 'l' nor 'B'"),
    };

    private static void AddField(List<DBusValue> fields, byte code, string type, string? content)
    {
        if (content is not null)
        {
            fields.Add(DBusValue.Struct(new DBusValue("y", (ulong)code), DBusValue.Variant(new DBusValue(type, content))));
        }
    }
}
