using System.IO.Compression;
using Containerception.Oci;
using ZstdSharp;

namespace Containerception.Images;

/// <summary>What a layer is compressed with, by its first bytes: media types are what a stranger says.</summary>
internal static class Decompression
{
    private static ReadOnlySpan<byte> Gzip => [0x1f, 0x8b];

    private static ReadOnlySpan<byte> Zstd => [0x28, 0xb5, 0x2f, 0xfd];

    /// <summary>How many first bytes tell.</summary>
    public static int MagicLength => Zstd.Length;

    /// <summary>The media type of a layer that begins so.</summary>
    public static string MediaTypeOf(ReadOnlySpan<byte> start)
        => start.StartsWith(Gzip) ? MediaTypes.LayerGzip : start.StartsWith(Zstd) ? MediaTypes.LayerZstd : MediaTypes.Layer;

    /// <summary>The archive inside. In this process, never by a program: CVE-2026-41567.</summary>
    public static Stream Open(Stream layer)
    {
        byte[] start = new byte[Zstd.Length];
        int count = layer.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        Stream whole = new PrefixedStream(start.AsMemory(0, count), layer);
        if (start.AsSpan(0, count).StartsWith(Gzip))
        {
            return new GZipStream(whole, CompressionMode.Decompress);
        }

        return start.AsSpan(0, count).SequenceEqual(Zstd) ? new DecompressionStream(whole) : whole;
    }
}

/// <summary>Bytes that were read already, and the stream that they came from.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    public override int Read(Span<byte> buffer)
    {
        if (_prefix.IsEmpty)
        {
            return rest.Read(buffer);
        }

        int count = Math.Min(buffer.Length, _prefix.Length);
        _prefix.Span[..count].CopyTo(buffer);
        _prefix = _prefix[count..];
        return count;
    }
}
