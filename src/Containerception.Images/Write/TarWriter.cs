using System.Globalization;
using System.Text;
using Containerception.Linux;

namespace Containerception.Images;

/// <summary>
/// Writes an archive: ustar, and pax records for what ustar has no room for. The same members give the same bytes: nothing of the time or
/// the machine gets in.
/// </summary>
internal sealed class TarWriter(Stream archive)
{
    private const int NameMax = 100;
    private const int PrefixMax = 155;

    /// <summary>Seven octal digits.</summary>
    private const long NumberMax = 0x1F_FFFF;

    /// <summary>Eleven octal digits.</summary>
    private const long LargeNumberMax = 0x1_FFFF_FFFF;

    private const string AttributePrefix = "SCHILY.xattr.";
    private static readonly byte[] Zeros = new byte[TarHeader.Size];
    private long _left;
    private int _padding;

    /// <summary>Writes a member's header. Its content, exactly as long as it says, follows by <see cref="Write"/>.</summary>
    public void Begin(TarEntry entry)
    {
        EndMember();
        byte[] name = FileNames.ToBytes(entry.Name);
        byte[] link = FileNames.ToBytes(entry.LinkName);
        MemoryStream records = new();
        int split = Split(name);
        if (split < 0)
        {
            Record(records, "path", name);
        }

        if (link.Length > NameMax || !Ascii.IsValid(link))
        {
            Record(records, "linkpath", link);
        }

        NumberRecord(records, "uid", entry.Uid, NumberMax);
        NumberRecord(records, "gid", entry.Gid, NumberMax);
        NumberRecord(records, "size", entry.Size, LargeNumberMax);
        NumberRecord(records, "mtime", entry.Modified.ToUnixTimeSeconds(), LargeNumberMax);
        foreach ((string attribute, byte[] value) in entry.Attributes)
        {
            Record(records, AttributePrefix + attribute, value);
        }

        if (records.Length > 0)
        {
            WriteHeader("PaxHeaders/x"u8, split: 0, [], 'x', new Numbers(0x1A4, 0, 0, records.Length, 0, default)); // 0644
            Write(records.GetBuffer().AsSpan(0, (int)records.Length));
            EndMember();
        }

        WriteHeader(
            name, split, link, TypeOf(entry.Kind),
            new Numbers((long)entry.Mode, entry.Uid, entry.Gid, entry.Size, entry.Modified.ToUnixTimeSeconds(), entry.Device));
    }

    /// <summary>A part of the current member's content.</summary>
    public void Write(ReadOnlySpan<byte> content)
    {
        if (content.Length > _left)
        {
            throw new InvalidOperationException("more content than the member's header says");
        }

        archive.Write(content);
        _left -= content.Length;
    }

    /// <summary>The two empty blocks at the end.</summary>
    public void End()
    {
        EndMember();
        archive.Write(Zeros);
        archive.Write(Zeros);
    }

    private void EndMember()
    {
        if (_left > 0)
        {
            throw new InvalidOperationException("less content than the member's header says");
        }

        archive.Write(Zeros.AsSpan(0, _padding));
        _padding = 0;
    }

    /// <summary>Where the slash is that parts a name into prefix and name; 0 when it needs none, -1 when it does not fit.</summary>
    private static int Split(ReadOnlySpan<byte> name)
    {
        if (!Ascii.IsValid(name))
        {
            return -1;
        }

        if (name.Length <= NameMax)
        {
            return 0;
        }

        // A directory's last slash belongs to its name.
        int slash = name[..Math.Min(name.Length - 1, PrefixMax + 1)].LastIndexOf((byte)'/');
        return slash > 0 && name.Length - slash - 1 <= NameMax ? slash : -1;
    }

    private void WriteHeader(ReadOnlySpan<byte> name, int split, ReadOnlySpan<byte> link, char type, Numbers numbers)
    {
        Span<byte> block = stackalloc byte[TarHeader.Size];
        block.Clear();
        if (split > 0)
        {
            name[..split].CopyTo(block[345..]);
            name = name[(split + 1)..];
        }

        // What did not fit is in the pax records; here is what of it there is room for.
        name[..Math.Min(name.Length, NameMax)].CopyTo(block);
        Octal(block.Slice(100, 8), numbers.Mode);
        Octal(block.Slice(108, 8), Fitting(numbers.Uid, NumberMax));
        Octal(block.Slice(116, 8), Fitting(numbers.Gid, NumberMax));
        Octal(block.Slice(124, 12), Fitting(numbers.Size, LargeNumberMax));
        Octal(block.Slice(136, 12), Fitting(numbers.Modified, LargeNumberMax));
        block[156] = (byte)type;
        link[..Math.Min(link.Length, NameMax)].CopyTo(block[157..]);
        "ustar\0"u8.CopyTo(block[257..]);
        "00"u8.CopyTo(block[263..]);
        if (type is '3' or '4')
        {
            Octal(block.Slice(329, 8), Fitting(numbers.Device.Major, NumberMax));
            Octal(block.Slice(337, 8), Fitting(numbers.Device.Minor, NumberMax));
        }

        block.Slice(148, 8).Fill((byte)' ');
        long sum = 0;
        foreach (byte one in block)
        {
            sum += one;
        }

        Octal(block.Slice(148, 7), sum);
        archive.Write(block);
        _left = numbers.Size;
        _padding = (int)(-_left & (TarHeader.Size - 1));
    }

    private static long Fitting(long number, long max) => number >= 0 && number <= max ? number : 0;

    /// <summary>Digits up to the last byte, which stays NUL.</summary>
    private static void Octal(Span<byte> field, long number)
    {
        field[^1] = 0;
        for (int i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (number & 7));
            number >>= 3;
        }
    }

    private static void NumberRecord(MemoryStream records, string key, long number, long max)
    {
        if (number < 0 || number > max)
        {
            Record(records, key, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>The length counts its own digits.</summary>
    private static void Record(MemoryStream records, string key, ReadOnlySpan<byte> value)
    {
        byte[] name = FileNames.ToBytes(key);
        int rest = name.Length + value.Length + " =\n".Length;
        int length = rest + Digits(rest);
        length = rest + Digits(length);
        records.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} ")));
        records.Write(name);
        records.WriteByte((byte)'=');
        records.Write(value);
        records.WriteByte((byte)'\n');
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static char TypeOf(TarEntryKind kind) => kind switch
    {
        TarEntryKind.File => '0',
        TarEntryKind.HardLink => '1',
        TarEntryKind.SymbolicLink => '2',
        TarEntryKind.CharacterDevice => '3',
        TarEntryKind.BlockDevice => '4',
        TarEntryKind.Directory => '5',
        TarEntryKind.Fifo => '6',
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private readonly record struct Numbers(long Mode, long Uid, long Gid, long Size, long Modified, DeviceNumber Device);
}
