using System.Buffers.Binary;

namespace Containerception.Supervision;

/// <summary>
/// What goes over a connection to a supervisor, in frames: one byte of kind, four of length (little endian), and so many of content.
/// </summary>
/// <remarks>
/// <code>
/// client                              supervisor
///   Attach (flags)              -->     what the program writes is wanted from now on
///                               &lt;--   Stdout, Stderr (bytes)
///   Stdin (bytes)               -->     to the program; the next one only after
///                               &lt;--   StdinTaken
///   StdinEnd                    -->     no more of it
///   Resize (rows, columns)      -->
///   Signal (number, no restart) -->     ends the program, or tells it something
///   Pause, Resume               -->
///   Restart (policy's words)    -->     another policy from now on
///   Hold (key)                  -->     with a descriptor: keep it open, in place of one of that key
///   Release (key)               -->     close it
///   AnswerNames (path)          -->     with two: answer questions for names there, from that file
///                               &lt;--   Done (error, empty when it was done): the answer to each of these seven
///                               &lt;--   Ended (exit code, flag: for good): the program has
/// </code>
/// </remarks>
public enum FrameKind : byte
{
    /// <summary>No frame.</summary>
    None = 0,

    /// <summary>The program's standard output, or all of its terminal's.</summary>
    Stdout = 1,

    /// <summary>Its standard error.</summary>
    Stderr = 2,

    /// <summary>The bytes of the last <see cref="Stdin"/> are the program's: another may be sent.</summary>
    StdinTaken = 3,

    /// <summary>The program has ended: its exit code in four bytes, and one that is 1 when it is not started again.</summary>
    Ended = 4,

    /// <summary>A request was carried out, or why not.</summary>
    Done = 5,

    /// <summary>The client wants what the program writes.</summary>
    Attach = 16,

    /// <summary>For the program's standard input.</summary>
    Stdin = 17,

    /// <summary>There is no more of it.</summary>
    StdinEnd = 18,

    /// <summary>The terminal's size: two bytes of rows, two of columns.</summary>
    Resize = 19,

    /// <summary>A signal: one byte of number, one that is 1 when the program is not to be started again after its end.</summary>
    Signal = 20,

    /// <summary>Stop all processes of the container where they are.</summary>
    Pause = 21,

    /// <summary>Let them go on.</summary>
    Resume = 22,

    /// <summary>Another restart policy, in <see cref="RestartPolicy.ToString"/>'s words.</summary>
    Restart = 23,

    /// <summary>A descriptor that comes along stays open: the bound socket of a published port. Its key is a text.</summary>
    Hold = 25,

    /// <summary>The descriptor of a key is closed.</summary>
    Release = 26,

    /// <summary>A datagram socket and a stream socket come along, at which questions for names are answered from now on; the path of the file to answer from.</summary>
    AnswerNames = 27,

    /// <summary>Nobody reads this stream any more: its kind in one byte. The program hears of it as from a pipe.</summary>
    Unread = 24,
}

/// <summary>One frame, as it lies in its buffer.</summary>
public readonly ref struct Frame(FrameKind kind, ReadOnlySpan<byte> content)
{
    /// <summary>Bytes before the content.</summary>
    public const int HeaderBytes = 5;

    /// <summary>The longest content that anybody sends.</summary>
    public const int ContentBytesMax = 32 << 10;

    /// <summary>What it is.</summary>
    public FrameKind Kind { get; } = kind;

    /// <summary>What comes with it.</summary>
    public ReadOnlySpan<byte> Content { get; } = content;

    /// <summary>Writes the five bytes before a content.</summary>
    public static void WriteHeader(Span<byte> target, FrameKind kind, int length)
    {
        target[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(target[1..], length);
    }
}

/// <summary>Cuts a stream of bytes into frames.</summary>
public sealed class FrameReader
{
    private byte[] _buffer = [];
    private int _begin;
    private int _end;

    /// <summary>Where the next bytes go: at least one frame's worth. Tell <see cref="Add"/> how many came.</summary>
    public Span<byte> Space
    {
        get
        {
            const int WholeFrame = Frame.HeaderBytes + Frame.ContentBytesMax;
            if (_buffer.Length == 0)
            {
                _buffer = new byte[WholeFrame];
            }

            if (_begin > 0)
            {
                _buffer.AsSpan(_begin.._end).CopyTo(_buffer);
                (_begin, _end) = (0, _end - _begin);
            }

            return _buffer.AsSpan(_end);
        }
    }

    /// <summary>So many bytes were put into <see cref="Space"/>.</summary>
    public void Add(int count) => _end += count;

    /// <summary>The next whole frame; false when more bytes are needed. It is good until the next call.</summary>
    /// <exception cref="FormatException">The other side sends something else.</exception>
    public bool TryTake(out Frame frame)
    {
        frame = default;
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_begin.._end);
        if (bytes.Length < Frame.HeaderBytes)
        {
            Shrink();
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        if (length is < 0 or > Frame.ContentBytesMax)
        {
            throw new FormatException($"a frame of {length} bytes");
        }

        if (bytes.Length < Frame.HeaderBytes + length)
        {
            return false;
        }

        frame = new Frame((FrameKind)bytes[0], bytes.Slice(Frame.HeaderBytes, length));
        _begin += Frame.HeaderBytes + length;
        return true;
    }

    // Who has nothing to say for hours needs no buffer.
    private void Shrink()
    {
        if (_begin == _end)
        {
            (_buffer, _begin, _end) = ([], 0, 0);
        }
    }
}
