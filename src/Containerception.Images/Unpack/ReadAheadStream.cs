using System.Runtime.ExceptionServices;

namespace Containerception.Images;

/// <summary>
/// Reads a stream some buffers ahead, on a thread of its own: inflating a layer and writing its files keep a processor busy each. What the
/// stream throws, the reader gets in its place.
/// </summary>
internal sealed class ReadAheadStream : ReadOnlyStream
{
    private const int BufferBytes = 1 << 18;
    private const int BufferCount = 8;

    private readonly Stream _inner;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _empty = new(BufferCount);
    private readonly SemaphoreSlim _full = new(0);
    private readonly byte[][] _buffers = new byte[BufferCount][];
    private readonly int[] _lengths = new int[BufferCount];
    private ExceptionDispatchInfo? _failure;
    private volatile bool _abandoned;
    private int _current;
    private int _at;
    private bool _has;

    /// <param name="inner">The stream; not disposed here.</param>
    public ReadAheadStream(Stream inner)
    {
        _inner = inner;
        _thread = new Thread(Fill) { Name = "read ahead", IsBackground = true };
        _thread.Start();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        if (!_has)
        {
            _full.Wait();
            (_has, _at) = (true, 0);
        }

        int left = _lengths[_current] - _at;
        if (left == 0)
        {
            // The end, which stays the end: this buffer is never given back.
            _failure?.Throw();
            return 0;
        }

        int count = Math.Min(left, buffer.Length);
        _buffers[_current].AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        if (count == left)
        {
            _has = false;
            _current = (_current + 1) % BufferCount;
            _empty.Release();
        }

        return count;
    }

    protected override void Dispose(bool disposing)
    {
        // The stream is the caller's again once its reader has ended.
        _abandoned = true;
        _empty.Release();
        _thread.Join();
        _empty.Dispose();
        _full.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        for (int next = 0; ; next = (next + 1) % BufferCount)
        {
            _empty.Wait();
            if (_abandoned)
            {
                return;
            }

            int length = 0;
            try
            {
                length = _inner.ReadAtLeast(_buffers[next] ??= new byte[BufferBytes], BufferBytes, throwOnEndOfStream: false);
            }
            catch (Exception failure)
            {
                _failure = ExceptionDispatchInfo.Capture(failure);
            }

            _lengths[next] = length;
            _full.Release();
            if (length == 0)
            {
                return;
            }
        }
    }
}
