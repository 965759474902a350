using System.Security.Cryptography;

namespace Containerception.Images;

/// <summary>
/// An archive while it is unpacked: its bytes are hashed, and compared with how many packed ones they came from. With those that were read, not
/// with those that somebody says will come: a manifest can say anything.
/// </summary>
/// <param name="inner">The archive.</param>
/// <param name="hash">Gets all that is read.</param>
/// <param name="packed">Where <paramref name="inner"/> reads from.</param>
/// <param name="alwaysAllowed">What it may become whatever it came from.</param>
internal sealed class MeasuredStream(Stream inner, IncrementalHash hash, CountedStream packed, long alwaysAllowed) : ReadOnlyStream
{
    private const long RatioMax = 200;
    private long _count;

    public override int Read(Span<byte> buffer)
    {
        int count = inner.Read(buffer);
        hash.AppendData(buffer[..count]);
        _count += count;
        return _count <= alwaysAllowed || _count / RatioMax <= packed.Count
            ? count
            : throw new ImageException(ImageFailure.Damaged, $"the layer has become {_count} bytes from {packed.Count}: it is a bomb");
    }
}

/// <summary>A stream whose bytes are counted while they are read.</summary>
internal sealed class CountedStream(Stream inner) : ReadOnlyStream
{
    public long Count { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        int count = inner.Read(buffer);
        Count += count;
        return count;
    }
}
