using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Containerception.Images.Tests;

/// <summary>An archive made byte by byte: it may say what no honest program would. Letters up to U+00FF are bytes.</summary>
internal sealed class HostileTar
{
    private readonly List<byte> _bytes = [];

    public static byte[] Gzip(byte[] archive)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(archive);
        }

        return packed.ToArray();
    }

    public HostileTar File(string name, string content = "x", int mode = 0x1A4, uint uid = 0, uint gid = 0) => Member(name, '0', content, "", mode, uid, gid);

    public HostileTar Folder(string name, int mode = 0x1ED) => Member(name, '5', mode: mode);

    public HostileTar Link(string name, string text) => Member(name, '2', link: text);

    public HostileTar HardLink(string name, string other) => Member(name, '1', link: other);

    public HostileTar Device(string name, char type, uint major, uint minor) => Member(name, type, major: major, minor: minor);

    public HostileTar Pax(params (string Key, string Value)[] records) => Member("pax", 'x', string.Concat(records.Select(pair => Record(pair.Key, pair.Value))));

    public HostileTar Member(string name, char type, string content = "", string link = "", int mode = 0x1A4, uint uid = 0, uint gid = 0, long? size = null, uint major = 0, uint minor = 0)
    {
        byte[] body = Encoding.Latin1.GetBytes(content);
        byte[] block = new byte[512];
        Encoding.Latin1.GetBytes(name).AsSpan(0, Math.Min(name.Length, 100)).CopyTo(block);
        Octal(block.AsSpan(100, 8), mode);
        Octal(block.AsSpan(108, 8), uid);
        Octal(block.AsSpan(116, 8), gid);
        Octal(block.AsSpan(124, 12), size ?? body.Length);
        Octal(block.AsSpan(136, 12), 1_000_000_000);
        block[156] = (byte)type;
        Encoding.Latin1.GetBytes(link).AsSpan(0, Math.Min(link.Length, 100)).CopyTo(block.AsSpan(157));
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        "00"u8.CopyTo(block.AsSpan(263));
        Octal(block.AsSpan(329, 8), major);
        Octal(block.AsSpan(337, 8), minor);
        block.AsSpan(148, 8).Fill((byte)' ');
        Octal(block.AsSpan(148, 7), block.Sum(one => one));
        _bytes.AddRange(block);
        _bytes.AddRange(body);
        _bytes.AddRange(new byte[-body.Length & 511]);
        return this;
    }

    public byte[] End()
    {
        _bytes.AddRange(new byte[1024]);
        return [.. _bytes];
    }

    /// <summary>Without the blocks that end an archive.</summary>
    public byte[] Torn() => [.. _bytes];

    private static string Record(string key, string value)
    {
        int rest = key.Length + value.Length + 3;
        int length = rest + Digits(rest);
        length = rest + Digits(length);
        return $"{length} {key}={value}\n";
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static void Octal(Span<byte> field, long number)
        => Encoding.ASCII.GetBytes(Convert.ToString(number, 8).PadLeft(field.Length - 1, '0')).AsSpan(0, field.Length - 1).CopyTo(field);
}
