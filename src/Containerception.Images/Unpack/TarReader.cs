using System.Text;
using Containerception.Linux;

namespace Containerception.Images;

/// <summary>
/// Reads an archive as it arrives, from first to last: ustar, pax and GNU's formats, with sparse files and binary attributes, both of which
/// System.Formats.Tar does not give back as they are. The archive is a stranger's: every length is checked before it is believed.
/// </summary>
/// <param name="archive">The archive.</param>
/// <param name="endNeeded">Without the empty block that ends an archive it was cut off. Not every program writes one.</param>
internal sealed class TarReader(Stream archive, bool endNeeded = false)
{
    /// <summary>Of the headers that extend one, and of those that extend all, together. Attributes may be 64 KiB each; a name 4 KiB.</summary>
    private const int ExtensionBytesMax = 1 << 20;

    private const int SparsePartsMax = 1 << 16;
    private readonly byte[] _block = new byte[TarHeader.Size];
    private readonly PaxRecords _global = new();

    /// <summary>Bytes of the current entry's content not yet read, and of the padding behind it.</summary>
    private long _left;
    private int _padding;

    private long _globalBytes;
    private bool _isBegun;

    /// <summary>The next entry; null at the end. What is left of the one before is passed over.</summary>
    /// <exception cref="ImageException">The archive is damaged.</exception>
    public TarEntry? Next()
    {
        string? longName = null;
        string? longLink = null;
        PaxRecords? pax = null;
        long bytes = 0;
        while (true)
        {
            Skip();
            bool isEnded = !ReadBlock();
            if (isEnded && endNeeded)
            {
                throw TarHeader.Broken("it is cut off");
            }

            if (isEnded || new TarHeader(_block).IsEnd)
            {
                return bytes == 0 ? null : throw TarHeader.Broken("it ends behind an extended header");
            }

            TarHeader header = new(_block);
            header.Check();
            _isBegun = true;
            _left = header.StoredSize is >= 0 and var size ? size : throw TarHeader.Broken("a size is negative");
            _padding = (int)(-_left & (TarHeader.Size - 1));
            switch (header.Type)
            {
                case 'L':
                    longName = TarHeader.Text(ReadExtension(ref bytes));
                    continue;
                case 'K':
                    longLink = TarHeader.Text(ReadExtension(ref bytes));
                    continue;
                case 'x':
                    pax ??= new PaxRecords();
                    pax.Add(ReadExtension(ref bytes));
                    continue;
                case 'g':
                    _global.Add(ReadExtension(ref _globalBytes));
                    continue;
                default:
                    return Compose(header, longName, longLink, pax);
            }
        }
    }

    /// <summary>Reads of the current entry's content; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        if (_left == 0)
        {
            return 0;
        }

        int count = archive.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        _left -= count > 0 ? count : throw TarHeader.Broken("it ends in the middle of a file");
        return count;
    }

    private TarEntry Compose(TarHeader header, string? longName, string? longLink, PaxRecords? pax)
    {
        (List<SparsePart>? parts, long size) = ReadSparse(header, pax);
        if (pax?.Number("size") is { } paxSize && parts is null)
        {
            if (paxSize < 0)
            {
                throw TarHeader.Broken("a size is negative");
            }

            // 8 GiB and more do not fit the header's octal digits.
            _left = paxSize;
            _padding = (int)(-_left & (TarHeader.Size - 1));
            size = paxSize;
        }

        TarEntryKind kind = header.Type switch
        {
            '0' or '7' or 'S' => TarEntryKind.File,
            '1' => TarEntryKind.HardLink,
            '2' => TarEntryKind.SymbolicLink,
            '3' => TarEntryKind.CharacterDevice,
            '4' => TarEntryKind.BlockDevice,
            '5' => TarEntryKind.Directory,
            '6' => TarEntryKind.Fifo,
            char type => throw TarHeader.Broken($"it has a member of a kind that is not known, '{(char.IsAsciiLetterOrDigit(type) ? type : '?')}'"),
        };
        string name = pax?.Text("GNU.sparse.name") ?? pax?.Text("path") ?? longName ?? header.Name;
        return new TarEntry
        {
            Name = name,
            LinkName = pax?.Text("linkpath") ?? longLink ?? header.LinkName,

            // Before POSIX a directory was a file whose name ends with a slash.
            Kind = kind == TarEntryKind.File && name.EndsWith('/') ? TarEntryKind.Directory : kind,
            Mode = (UnixFileMode)(header.Mode & 0xFFF),
            Uid = Id(pax?.Number("uid") ?? header.Uid),
            Gid = Id(pax?.Number("gid") ?? header.Gid),
            StoredSize = _left,
            Size = size,
            Device = new DeviceNumber((uint)header.DeviceMajor, (uint)header.DeviceMinor),
            Modified = pax?.Time("mtime") ?? _global.Time("mtime") ?? UnixTime.Of(header.Modified),
            Attributes = pax?.Attributes ?? [],
            Parts = parts,
        };
    }

    /// <summary>Where a sparse file has content: one of GNU's four ways to say it.</summary>
    private (List<SparsePart>? Parts, long Size) ReadSparse(TarHeader header, PaxRecords? pax)
    {
        List<SparsePart> parts = [];
        long size;
        if (header.Type == 'S')
        {
            size = header.GnuRealSize;
            bool more = header.GnuIsExtended;
            header.AddGnuParts(parts);
            byte[] block = new byte[TarHeader.Size];
            while (more)
            {
                if (parts.Count > SparsePartsMax || archive.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length)
                {
                    throw TarHeader.Broken("a sparse file's map is cut off, or without end");
                }

                TarHeader.AddParts(block.AsSpan(0, 21 * 24), parts);
                more = block[504] != 0;
            }
        }
        else if (pax?.Text("GNU.sparse.major") == "1")
        {
            size = pax.Number("GNU.sparse.realsize") ?? throw TarHeader.Broken("a sparse file has no size");
            ReadPartsFromContent(parts);
        }
        else if (pax is { Parts.Count: > 0 })
        {
            size = pax.Number("GNU.sparse.size") ?? pax.Number("GNU.sparse.realsize") ?? throw TarHeader.Broken("a sparse file has no size");
            parts.AddRange(pax.Parts);
        }
        else
        {
            return (null, _left);
        }

        return (Checked(parts, size), size);
    }

    /// <summary>1.0: the content begins with the map, in decimal lines, filled up to a block.</summary>
    private void ReadPartsFromContent(List<SparsePart> parts)
    {
        StringBuilder digits = new();
        byte[] block = new byte[TarHeader.Size];
        int at = TarHeader.Size;
        long count = Line();
        if (count is < 0 or > SparsePartsMax)
        {
            throw TarHeader.Broken("a sparse file has too many parts");
        }

        for (long i = 0; i < count; i++)
        {
            parts.Add(new SparsePart(Line(), Line()));
        }

        long Line()
        {
            digits.Clear();
            while (true)
            {
                if (at == TarHeader.Size)
                {
                    for (int filled = 0; filled < TarHeader.Size;)
                    {
                        int read = Read(block.AsSpan(filled));
                        filled += read > 0 ? read : throw TarHeader.Broken("a sparse file's map is cut off");
                    }

                    at = 0;
                }

                char next = (char)block[at++];
                if (next == '\n')
                {
                    return long.TryParse(digits.ToString(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number)
                        ? number
                        : throw TarHeader.Broken("a sparse file's map is damaged");
                }

                if (digits.Append(next).Length > 20)
                {
                    throw TarHeader.Broken("a sparse file's map is damaged");
                }
            }
        }
    }

    private List<SparsePart> Checked(List<SparsePart> parts, long size)
    {
        long end = 0;
        long stored = 0;
        foreach (SparsePart part in parts)
        {
            if (part.Offset < end || part.Length < 0 || part.Length > size - part.Offset)
            {
                throw TarHeader.Broken("the parts of a sparse file overlap, or lie beyond its end");
            }

            end = part.Offset + part.Length;
            stored += part.Length;
        }

        return stored == _left && parts.Count <= SparsePartsMax ? parts : throw TarHeader.Broken("a sparse file's parts are not what is stored of it");
    }

    private byte[] ReadExtension(ref long sum)
    {
        // An empty one counts too: without end they would keep us busy for nothing.
        sum += Math.Max(_left, TarHeader.Size);
        if (_left > ExtensionBytesMax || sum > ExtensionBytesMax)
        {
            throw TarHeader.Broken($"a member's extended headers are longer than {ExtensionBytesMax} bytes");
        }

        byte[] content = new byte[_left];
        for (int filled = 0; filled < content.Length;)
        {
            filled += Read(content.AsSpan(filled));
        }

        return content;
    }

    private void Skip()
    {
        byte[] buffer = _left + _padding > 0 ? new byte[Math.Min(_left + _padding, 1 << 16)] : [];
        while (_left > 0)
        {
            Read(buffer);
        }

        if (_padding > 0)
        {
            // Some programs leave out what fills the last block up (umoci's insert), and then what ends an archive too.
            archive.ReadAtLeast(buffer.AsSpan(0, _padding), _padding, throwOnEndOfStream: false);
        }

        _padding = 0;
    }

    /// <summary>False at the end of the stream, which some archives have instead of two empty blocks.</summary>
    private bool ReadBlock()
    {
        int count = archive.ReadAtLeast(_block, TarHeader.Size, throwOnEndOfStream: false);
        return count is 0 or TarHeader.Size ? count > 0
            : throw TarHeader.Broken(_isBegun ? "it ends in the middle of a header" : "it is no tar archive");
    }

    private static uint Id(long id) => id is >= 0 and < uint.MaxValue ? (uint)id : throw TarHeader.Broken($"an owner has the number {id}");
}
