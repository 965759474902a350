using System.Buffers.Binary;

namespace Containerception.Runtime;

/// <summary>Types of records, as RFC 1035 and its successors number them; those that mean something here.</summary>
internal enum DnsType : ushort
{
    None = 0,
    A = 1,
    PTR = 12,
    AAAA = 28,
    OPT = 41,
}

/// <summary>How a question was answered: RFC 1035, 4.1.1.</summary>
internal enum DnsCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>
/// What a message asks for. The name is the only one in it that is read: it comes first, so that there is nothing it could be compressed with, and a
/// pointer in it is an error. No name is ever followed from one place to another.
/// </summary>
internal readonly record struct DnsQuestion
{
    /// <summary>Of every message; the sections follow.</summary>
    public const int HeaderBytes = 12;

    /// <summary>What every asker takes in one datagram, unless it says more.</summary>
    private const int DatagramBytesMin = 512;

    // Of a record, after its name: type, class, time to live, length.
    private const int RecordBytes = 10;
    private const int LabelBytesMax = 63;
    private const int NameBytesMax = 255;
    private const ushort ClassInternet = 1;
    private const ushort FlagResponse = 0x8000;
    private const ushort OpcodeMask = 0x7800;

    /// <summary>With dots between its labels and none at the end; null when no name that we give looks like it.</summary>
    public string? Name { get; private init; }

    public DnsType Type { get; private init; }

    /// <summary>Where the question ends in the message.</summary>
    public int End { get; private init; }

    /// <summary>The most that the asker takes in one datagram.</summary>
    public int DatagramBytesMax { get; private init; }

    /// <summary>The asker knows EDNS, RFC 6891, and wants to see that we do.</summary>
    public bool HasEdns { get; private init; }

    /// <summary>Reads a question; false when the message is none that can be answered, not even with an error.</summary>
    /// <param name="message">The bytes of a stranger.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="wrong">With what is wrong it is to be answered; <see cref="DnsCode.NoError"/> when nothing is.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsQuestion question, out DnsCode wrong)
    {
        question = new DnsQuestion { End = HeaderBytes, DatagramBytesMax = DatagramBytesMin };
        wrong = DnsCode.FormatError;
        if (message.Length < HeaderBytes || (Flags(message) & FlagResponse) != 0)
        {
            return false;
        }

        if ((Flags(message) & OpcodeMask) != 0)
        {
            wrong = DnsCode.NotImplemented;
        }
        else if (Count(message, 0) == 1 && SkipName(message, HeaderBytes, mayPoint: false) is int end and > 0 && end + 4 <= message.Length)
        {
            bool isInternet = BinaryPrimitives.ReadUInt16BigEndian(message[(end + 2)..]) == ClassInternet;
            question = question with
            {
                Name = isInternet ? Text(message[HeaderBytes..end]) : null,
                Type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[end..]),
                End = end + 4,
            };
            question = WithExtension(question, message);
            wrong = DnsCode.NoError;
        }

        return true;
    }

    /// <summary>Whether a message is the answer to a question: by its number, and by what it repeats (RFC 5452, 9.1).</summary>
    /// <param name="message">The bytes of a stranger.</param>
    /// <param name="asked">The question as it was sent, from its first byte to <paramref name="end"/>.</param>
    /// <param name="end">Where its question ends.</param>
    public static bool IsAnswer(ReadOnlySpan<byte> message, ReadOnlySpan<byte> asked, int end)
    {
        if (message.Length < HeaderBytes || (Flags(message) & FlagResponse) == 0 || !message[..2].SequenceEqual(asked[..2]))
        {
            return false;
        }

        // A server that did not understand repeats nothing.
        return Count(message, 0) == 0
            ? CodeOf(message) != DnsCode.NoError
            : Count(message, 0) == 1 && message.Length >= end && SameName(message[HeaderBytes..(end - 4)], asked[HeaderBytes..(end - 4)])
                && message[(end - 4)..end].SequenceEqual(asked[(end - 4)..end]);
    }

    public static DnsCode CodeOf(ReadOnlySpan<byte> message) => (DnsCode)(message[3] & 0xF);

    private static ushort Flags(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[2..]);

    // How many there are of a section: questions, answers, authorities, additional ones.
    private static int Count(ReadOnlySpan<byte> message, int section) => BinaryPrimitives.ReadUInt16BigEndian(message[(4 + (2 * section))..]);

    // Bytes of labels may be anything; their lengths, all below 64, are no letters.
    private static bool SameName(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        for (int i = 0; i < one.Length; i++)
        {
            if (one[i] != other[i] && !(char.IsAsciiLetter((char)one[i]) && (one[i] ^ other[i]) == 0x20))
            {
                return false;
            }
        }

        return true;
    }

    // Where a name ends; -1 when it does not within the message.
    private static int SkipName(ReadOnlySpan<byte> message, int at, bool mayPoint)
    {
        int begin = at;
        while (at < message.Length && at - begin < NameBytesMax)
        {
            int length = message[at];
            if (length == 0)
            {
                return at + 1;
            }

            if (length > LabelBytesMax)
            {
                bool isPointer = (length & 0xC0) == 0xC0;
                return mayPoint && isPointer && at + 2 <= message.Length ? at + 2 : -1;
            }

            at += 1 + length;
        }

        return -1;
    }

    private static string? Text(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[NameBytesMax];
        int length = 0;
        for (int at = 0; name[at] != 0; at += 1 + name[at])
        {
            foreach (byte letter in name.Slice(at + 1, name[at]))
            {
                if (letter is <= (byte)' ' or >= 0x7F or (byte)'.' or (byte)'#')
                {
                    return null;
                }

                text[length++] = (char)letter;
            }

            text[length++] = '.';
        }

        return length == 0 ? null : new string(text[..(length - 1)]);
    }

    // What extends the question stands among the additional records, as the one of type OPT. A message that is cut off has none.
    private static DnsQuestion WithExtension(DnsQuestion question, ReadOnlySpan<byte> message)
    {
        int records = Count(message, 1) + Count(message, 2) + Count(message, 3);
        int at = question.End;
        for (int i = 0; i < records; i++)
        {
            at = SkipName(message, at, mayPoint: true);
            if (at < 0 || at + RecordBytes > message.Length)
            {
                break;
            }

            ReadOnlySpan<byte> record = message[at..];
            if ((DnsType)BinaryPrimitives.ReadUInt16BigEndian(record) == DnsType.OPT)
            {
                int size = BinaryPrimitives.ReadUInt16BigEndian(record[2..]);
                return question with { HasEdns = true, DatagramBytesMax = Math.Max(size, DatagramBytesMin) };
            }

            at += RecordBytes + BinaryPrimitives.ReadUInt16BigEndian(record[8..]);
        }

        return question;
    }
}
