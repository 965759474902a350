using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Containerception.Linux;

/// <summary>rtnetlink(7) messages, spelled as in linux/rtnetlink.h.</summary>
public enum NetlinkMessageType : ushort
{
    None = 0,
    RTM_NEWLINK = 16,
    RTM_DELLINK = 17,
    RTM_GETLINK = 18,
    RTM_SETLINK = 19,
    RTM_NEWADDR = 20,
    RTM_DELADDR = 21,
    RTM_GETADDR = 22,
    RTM_NEWROUTE = 24,
    RTM_DELROUTE = 25,
    RTM_GETROUTE = 26,
    RTM_NEWRULE = 32,
}

/// <summary>netlink(7) flags of requests, spelled as in linux/netlink.h.</summary>
[Flags]
public enum NetlinkFlags : ushort
{
    None = 0,
    NLM_F_REQUEST = 0x1,
    NLM_F_MULTI = 0x2,
    NLM_F_ACK = 0x4,
    NLM_F_ECHO = 0x8,
    NLM_F_REPLACE = 0x100,

    /// <summary>Of a request to get: everything. The same bits as two flags of requests to make.</summary>
    NLM_F_DUMP = 0x300,
    NLM_F_EXCL = 0x200,
    NLM_F_CREATE = 0x400,
    NLM_F_APPEND = 0x800,
}

/// <summary>struct nlmsghdr of linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkHeader
{
    public uint nlmsg_len;
    public NetlinkMessageType nlmsg_type;
    public NetlinkFlags nlmsg_flags;
    public uint nlmsg_seq;
    public uint nlmsg_pid;
}

/// <summary>
/// Requests for <see cref="Netlink.Send"/> in one datagram: each begun with its fixed part, followed by its attributes, numbered from 1 and
/// acknowledged. Every length is checked: an attribute's has 16 bits, and one that wrapped would make the kernel read data as attributes.
/// </summary>
/// <param name="bytesMax">How long the datagram may become: what is more than the socket's buffer for sending is refused.</param>
public sealed class NetlinkRequest(int bytesMax = NetlinkRequest.BytesMaxDefault)
{
    // net.core.wmem_default is larger on every kernel.
    private const int BytesMaxDefault = 64 * 1024;
    private const int AttributeHeaderBytes = 4;
    private const int Alignment = 4;
    private const ushort NLA_F_NESTED = 0x8000;

    private readonly List<string> _descriptions = [];
    private byte[] _bytes = new byte[256];
    private int _length;
    private int _messageStart;
    private uint _answersWith;

    /// <summary>How many messages there are.</summary>
    public int Count => _descriptions.Count;

    /// <summary>The datagram.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Begins a message.</summary>
    /// <param name="type">What is asked for.</param>
    /// <param name="flags">NLM_F_REQUEST and NLM_F_ACK are added.</param>
    /// <param name="payload">The fixed part: struct ifinfomsg, ifaddrmsg, rtmsg.</param>
    /// <param name="description">What an error says was asked for: <c>lo, up</c>.</param>
    public void Begin<TPayload>(NetlinkMessageType type, NetlinkFlags flags, in TPayload payload, string description)
        where TPayload : unmanaged
        => Start(type, flags | NetlinkFlags.NLM_F_ACK, payload, $"{type}, {description}");

    /// <summary>The same with a type of another protocol than rtnetlink, and acknowledged only when the flags say so.</summary>
    internal void Start<TPayload>(NetlinkMessageType type, NetlinkFlags flags, in TPayload payload, string description)
        where TPayload : unmanaged
    {
        _messageStart = _length;
        _descriptions.Add(description);
        NetlinkHeader header = new()
        {
            nlmsg_type = type,
            nlmsg_flags = flags | NetlinkFlags.NLM_F_REQUEST,
            nlmsg_seq = (uint)Count,
        };
        Append(MemoryMarshal.AsBytes(new ReadOnlySpan<NetlinkHeader>(in header)));
        Append(MemoryMarshal.AsBytes(new ReadOnlySpan<TPayload>(in payload)));
    }

    /// <summary>Adds a fixed part to the nest begun last: that of the other end of a veth pair.</summary>
    public void Payload<TPayload>(in TPayload payload)
        where TPayload : unmanaged
        => Append(MemoryMarshal.AsBytes(new ReadOnlySpan<TPayload>(in payload)));

    /// <summary>Adds an attribute of bytes to the message or nest begun last.</summary>
    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[AttributeHeaderBytes];
        MemoryMarshal.Write(header, AttributeLength(AttributeHeaderBytes + value.Length));
        MemoryMarshal.Write(header[sizeof(ushort)..], type);
        Append(header);
        Append(value);
    }

    /// <summary>Adds a number in the machine's order.</summary>
    public void Attribute(ushort type, uint value) => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    /// <summary>Adds a number in the network's order: ports, prefixes.</summary>
    public void AttributeBigEndian(ushort type, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Adds a text and the NUL behind it.</summary>
    public void Attribute(ushort type, string value)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(value) + 1];
        Encoding.UTF8.GetBytes(value, bytes);
        Attribute(type, bytes);
    }

    /// <summary>Begins an attribute that is made of attributes; give the result to <see cref="EndNest"/>.</summary>
    public int BeginNest(ushort type)
    {
        int start = _length;
        Attribute((ushort)(type | NLA_F_NESTED), default(ReadOnlySpan<byte>));
        return start;
    }

    /// <summary>Ends the nest that began there.</summary>
    public void EndNest(int start) => MemoryMarshal.Write(_bytes.AsSpan(start), AttributeLength(_length - start));

    /// <summary>Adds a number in the network's order: all of nfnetlink's.</summary>
    public void AttributeBigEndian(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>
    /// Makes the message begun last the only one of a transaction that is acknowledged. The kernel then answers with the refusals in order and with this one's
    /// acknowledgement or refusal as the last; or, when it refuses the whole, with one refusal of the first message.
    /// </summary>
    internal void AcknowledgeLast()
    {
        _answersWith = (uint)Count;
        Unsafe.As<byte, NetlinkHeader>(ref _bytes[_messageStart]).nlmsg_flags |= NetlinkFlags.NLM_F_ACK;
    }

    /// <summary>Whether the last answer has come.</summary>
    /// <param name="ended">How many were acknowledged or refused.</param>
    /// <param name="last">The number of the last of them.</param>
    internal bool IsAnswered(int ended, uint last) => _answersWith == 0 ? ended >= Count : ended > 0 && (last == 1 || last == _answersWith);

    internal string Describe(uint sequence) => sequence >= 1 && sequence <= Count ? _descriptions[(int)sequence - 1] : $"message {sequence}";

    private static ushort AttributeLength(int length)
        => length <= ushort.MaxValue ? (ushort)length : throw new LinuxException($"a netlink attribute of {length} bytes", Errno.EMSGSIZE);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        int padded = (bytes.Length + Alignment - 1) & ~(Alignment - 1);
        if (_length + padded > bytesMax)
        {
            throw new LinuxException($"a netlink request of more than {bytesMax} bytes", Errno.EMSGSIZE);
        }

        if (_length + padded > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + padded));
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += padded;
        Unsafe.As<byte, NetlinkHeader>(ref _bytes[_messageStart]).nlmsg_len = (uint)(_length - _messageStart);
    }
}
