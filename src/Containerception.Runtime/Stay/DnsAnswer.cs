using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Containerception.Runtime;

/// <summary>Writes an answer of our own: the question again, and records about its name.</summary>
internal ref struct DnsAnswer
{
    /// <summary>For which a datagram or the length before a message on a stream has room.</summary>
    public const int BytesMax = ushort.MaxValue;

    /// <summary>Of the record of one address, at most.</summary>
    public const int AddressBytesMax = RecordBytes + 16;

    // docker's: containers come and go, but who asks again for each connection would wait for it.
    private const uint LifeSeconds = 600;
    private const ushort DatagramBytesMax = 4096;
    private const ushort FlagsKept = 0x7910; // opcode, recursion desired, checking disabled
    private const ushort FlagResponse = 0x8000;
    private const ushort FlagTruncated = 0x0200;
    private const ushort FlagRecursion = 0x0080;
    private const ushort ClassInternet = 1;
    private const ushort QuestionsName = 0xC000 | DnsQuestion.HeaderBytes;
    private const int ExtensionBytes = 11;

    // Before the data: name, type, class, time to live, length.
    private const int RecordBytes = 12;

    private readonly Span<byte> _buffer;
    private readonly int _recordsEnd;
    private readonly bool _hasExtension;
    private int _length;
    private ushort _answers;
    private bool _isTruncated;

    /// <param name="buffer">Where it is written to.</param>
    /// <param name="bytesMax">How much of that may be used: records for which there is no room are left out, and the asker is told.</param>
    /// <param name="message">The question's, of which the beginning is repeated.</param>
    /// <param name="question">What was read of it.</param>
    public DnsAnswer(Span<byte> buffer, int bytesMax, ReadOnlySpan<byte> message, in DnsQuestion question)
    {
        _hasExtension = question.HasEdns;
        _buffer = buffer;
        _recordsEnd = Math.Min(buffer.Length, bytesMax) - (_hasExtension ? ExtensionBytes : 0);
        message[..question.End].CopyTo(_buffer);
        _length = question.End;
        int flags = (BinaryPrimitives.ReadUInt16BigEndian(message[2..]) & FlagsKept) | FlagResponse | FlagRecursion;
        Number(2, flags);
        Number(4, question.End > DnsQuestion.HeaderBytes ? 1 : 0);
        Number(6, 0);
        Number(8, 0);
        Number(10, _hasExtension ? 1 : 0);
    }

    public void Add(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int count);
        Add(address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.AAAA, bytes[..count]);
    }

    /// <summary>The name that an address belongs to; one that no message can carry is left out.</summary>
    public void Add(string name)
    {
        Span<byte> bytes = stackalloc byte[256];
        int length = 0;
        foreach (Range label in name.AsSpan().Split('.'))
        {
            int count = name.AsSpan()[label].Length;
            if (count is 0 or > 63 || length + 1 + count + 1 > 255)
            {
                return;
            }

            bytes[length++] = (byte)count;
            length += Encoding.ASCII.GetBytes(name.AsSpan()[label], bytes[length..]);
        }

        bytes[length++] = 0;
        Add(DnsType.PTR, bytes[..length]);
    }

    /// <summary>Makes of a message that did not come whole one that says so: its header and its question. The length is returned.</summary>
    public static int Truncate(Span<byte> message, in DnsQuestion question)
    {
        message[2] |= FlagTruncated >> 8;
        message[6..DnsQuestion.HeaderBytes].Clear();
        return question.End;
    }

    /// <summary>Ends the message, whose length is returned.</summary>
    public int Finish(DnsCode code)
    {
        Number(2, BinaryPrimitives.ReadUInt16BigEndian(_buffer[2..]) | (int)code | (_isTruncated ? FlagTruncated : 0));
        Number(6, _answers);
        if (_hasExtension)
        {
            // The root's name, the type, how large a datagram we take, and six bytes of zero: version 0, no flags, no options.
            Span<byte> extension = _buffer.Slice(_length, ExtensionBytes);
            extension.Clear();
            Number(_length + 1, (int)DnsType.OPT);
            Number(_length + 3, DatagramBytesMax);
            _length += ExtensionBytes;
        }

        return _length;
    }

    private void Add(DnsType type, scoped ReadOnlySpan<byte> data)
    {
        if (_isTruncated || _length + RecordBytes + data.Length > _recordsEnd)
        {
            _isTruncated = true;
            return;
        }

        Number(_length, QuestionsName);
        Number(_length + 2, (int)type);
        Number(_length + 4, ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[(_length + 6)..], LifeSeconds);
        Number(_length + 10, data.Length);
        data.CopyTo(_buffer[(_length + RecordBytes)..]);
        _length += RecordBytes + data.Length;
        _answers++;
    }

    private readonly void Number(int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(_buffer[at..], (ushort)value);
}
