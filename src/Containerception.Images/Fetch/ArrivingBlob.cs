using Containerception.Oci;

namespace Containerception.Images;

/// <summary>
/// A blob while it comes: what an earlier attempt left, then the registry's bytes. Each byte read is a byte stored. A cut connection is taken
/// up again where it broke.
/// </summary>
internal sealed class ArrivingBlob(
    RegistryClient registry, ImageReference image, ContentDescriptor descriptor, BlobWriter writer, Action<long> arrived, CancellationToken cancel)
    : ReadOnlyStream
{
    private const int ChunkBytes = 1 << 16;
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private BlobResponse? _stream;
    private bool _readsBack = true;
    private int _failures;

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        if (_readsBack && ReadBack(buffer) is > 0 and int before)
        {
            return before;
        }

        while (writer.Length < descriptor.Size)
        {
            int count = ReadOnce(Math.Min(buffer.Length, ChunkBytes));
            if (writer.Length + count > descriptor.Size)
            {
                throw new ImageException(ImageFailure.Damaged, $"{image.Registry} sends more of {descriptor.Digest} than the {descriptor.Size} bytes that its manifest says");
            }

            if (count > 0)
            {
                writer.Append(_chunk.AsSpan(0, count));
                _chunk.AsSpan(0, count).CopyTo(buffer);
                arrived(count);
                return count;
            }
        }

        return 0;
    }

    /// <summary>Reads what nobody wanted, and checks the digest of it all.</summary>
    public void Finish()
    {
        byte[] rest = new byte[ChunkBytes];
        while (Read(rest) > 0)
        {
        }

        writer.Commit();
    }

    protected override void Dispose(bool disposing)
    {
        _stream?.Dispose();
        base.Dispose(disposing);
    }

    private int ReadBack(Span<byte> buffer)
    {
        if (writer.Length == 0 && writer.Leftover > descriptor.Size)
        {
            writer.Restart();
        }

        int count = writer.ReadBack(buffer);
        _readsBack = count > 0;
        arrived(count);
        return count;
    }

    private async Task<int> ReadAsync(int max)
    {
        _stream ??= await registry.FetchBlob(image, descriptor.Digest, writer.Length, cancel).ConfigureAwait(false);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(registry.Options.StallTimeout);
        return await _stream.Content.ReadAsync(_chunk.AsMemory(0, max), patience.Token).ConfigureAwait(false);
    }

    /// <summary>0 when the connection ended or broke and is to be taken up again.</summary>
    private int ReadOnce(int max)
    {
        try
        {
            int count = ReadAsync(max).GetAwaiter().GetResult();
            _failures = count > 0 ? 0 : _failures;
            return count > 0 ? count : throw new IOException("the connection ended early");
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            _stream?.Dispose();
            _stream = null;
            if (++_failures >= registry.Options.Attempts)
            {
                throw new ImageException(
                    ImageFailure.Unreachable, $"{image.FamiliarName}: {image.Registry} broke off {descriptor.Digest} {_failures} times, at byte {writer.Length} of {descriptor.Size}",
                    "what has come is kept: pull again to go on", failure);
            }

            cancel.WaitHandle.WaitOne(registry.Transport.Pause(_failures));
            cancel.ThrowIfCancellationRequested();
            return 0;
        }
    }
}
