using System.Security.Cryptography;

namespace Containerception.Images;

/// <summary>A stream whose bytes are hashed and counted while they are read, up to a limit.</summary>
internal sealed class MeasuredStream(Stream inner, IncrementalHash hash, long limit, string limitText) : ReadOnlyStream
{
    public long Count { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        int count = inner.Read(buffer);
        hash.AppendData(buffer[..count]);
        Count += count;
        return Count <= limit ? count : throw new ImageException(ImageFailure.Damaged, limitText);
    }
}
