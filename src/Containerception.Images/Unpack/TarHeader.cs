using System.Buffers.Binary;
using Containerception.Linux;

namespace Containerception.Images;

/// <summary>The 512 bytes before a member: POSIX ustar, with GNU's long numbers. See pax(1) and GNU tar's manual, "Basic Tar Format".</summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block)
{
    public const int Size = 512;
    private const int ChecksumAt = 148;
    private const int ChecksumLength = 8;

    private readonly ReadOnlySpan<byte> _block = block;

    /// <summary>Two of these end an archive.</summary>
    public bool IsEnd => !_block.ContainsAnyExcept((byte)0);

    public char Type => _block[156] == 0 ? '0' : (char)_block[156];

    public long Mode => Number(100, 8);

    public long Uid => Number(108, 8);

    public long Gid => Number(116, 8);

    public long StoredSize => Number(124, 12);

    public long Modified => Number(136, 12);

    public long DeviceMajor => Number(329, 8);

    public long DeviceMinor => Number(337, 8);

    public string LinkName => Text(_block.Slice(157, 100));

    public string Name
    {
        get
        {
            string name = Text(_block[..100]);

            // GNU's format has other things where ustar's prefix is, and another magic.
            bool isUstar = _block.Slice(257, 6).SequenceEqual("ustar\0"u8);
            string prefix = isUstar ? Text(_block.Slice(345, 155)) : "";
            return prefix.Length == 0 ? name : $"{prefix}/{name}";
        }
    }

    /// <summary>The real size of a sparse file in GNU's old format.</summary>
    public long GnuRealSize => Number(483, 12);

    /// <summary>Whether a further block of parts follows the header.</summary>
    public bool GnuIsExtended => _block[482] != 0;

    /// <summary>The first four parts of a sparse file in GNU's old format.</summary>
    public void AddGnuParts(List<SparsePart> parts) => AddParts(_block.Slice(386, 4 * 24), parts);

    /// <summary>Pairs of 12-byte numbers; a length of nothing ends them.</summary>
    public static void AddParts(ReadOnlySpan<byte> pairs, List<SparsePart> parts)
    {
        for (; pairs.Length >= 24 && pairs[0] != 0; pairs = pairs[24..])
        {
            parts.Add(new SparsePart(Number(pairs[..12]), Number(pairs.Slice(12, 12))));
        }
    }

    /// <exception cref="ImageException">The sum of the block's bytes is another than it says: this is no header.</exception>
    public void Check()
    {
        long sum = 0;
        for (int i = 0; i < Size; i++)
        {
            // As if the sum itself were blanks.
            sum += i is >= ChecksumAt and < ChecksumAt + ChecksumLength ? ' ' : _block[i];
        }

        // Where not even digits stand there, it is no header either.
        ReadOnlySpan<byte> digits = _block.Slice(ChecksumAt, ChecksumLength).Trim(" \0"u8);
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'7') || sum != Number(digits))
        {
            throw Broken("a header's checksum is wrong: it is no tar archive, or a damaged one");
        }
    }

    public static ImageException Broken(string why) => new(ImageFailure.Damaged, $"the archive cannot be unpacked: {why}");

    /// <summary>What stands before a NUL; names that are not UTF-8 stay what they are.</summary>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return FileNames.Read(end < 0 ? bytes : bytes[..end]);
    }

    private long Number(int at, int length) => Number(_block.Slice(at, length));

    /// <summary>Octal digits; or, when the first bit is set, GNU's big-endian two's complement.</summary>
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            // What does not fit 64 bits is no number that a file system knows.
            Span<byte> wide = stackalloc byte[12];
            field.CopyTo(wide[(12 - field.Length)..]);
            bool negative = (field[0] & 0x40) != 0;
            wide[12 - field.Length] = (byte)(negative ? field[0] : field[0] & 0x7F);
            wide[..(12 - field.Length)].Fill((byte)(negative ? 0xFF : 0));
            if (wide[..4].ContainsAnyExcept((byte)(negative ? 0xFF : 0)))
            {
                throw Broken("a number in a header is too large");
            }

            return BinaryPrimitives.ReadInt64BigEndian(wide[4..]);
        }

        long value = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                throw Broken("a number in a header is none");
            }

            value = (value << 3) + (digit - '0');
        }

        return value;
    }
}
