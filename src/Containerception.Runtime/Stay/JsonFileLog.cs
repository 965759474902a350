using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// <c>log</c> in the container's directory, in docker's format: <c>{"log":"…\n","stream":"stdout","time":"…"}</c>, a line each. With
/// <c>max-size</c> it is begun anew when it is that long; with <c>max-file</c> what was before is kept as <c>log.1</c>, <c>log.2</c>, ….
/// </summary>
internal sealed class JsonFileLog : ILogDriver
{
    /// <summary>In the container's directory.</summary>
    public const string FileName = "log";

    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int BufferBytes = 8192;

    private readonly string _path;
    private readonly long _bytesMax;
    private readonly int _filesMax;

    /// <summary>What stands between the stream and the time.</summary>
    private readonly byte[] _attributes;
    private SafeFileHandle _file;
    private long _bytes;
    private byte[] _buffer = [];
    private int _waiting;

    private JsonFileLog(string path, byte[] attributes, long bytesMax, int filesMax)
    {
        _path = path;
        _attributes = attributes;
        _bytesMax = bytesMax;
        _filesMax = filesMax;
        _file = OpenFile(OpenFlags.O_APPEND);
        _bytes = (long)FileStatuses.Statx(_file).Size;
    }

    public static JsonFileLog Open(SupervisePlan plan) => new(
        Path.Join(plan.Directory, FileName),
        AttributesOf(plan),
        plan.LogOptions.TryGetValue("max-size", out string? size) ? long.Parse(size, CultureInfo.InvariantCulture) : long.MaxValue,
        plan.LogOptions.TryGetValue("max-file", out string? files) ? int.Parse(files, CultureInfo.InvariantCulture) : 1);

    private static byte[] AttributesOf(SupervisePlan plan)
    {
        if (plan.LogAttributes.IsEmpty)
        {
            return [];
        }

        IEnumerable<string> pairs = plan.LogAttributes.Select(pair => $"\"{JsonEncodedText.Encode(pair.Key)}\":\"{JsonEncodedText.Encode(pair.Value)}\"");
        return Encoding.UTF8.GetBytes($",\"attrs\":{{{string.Join(',', pairs)}}}");
    }

    public void Write(FrameKind stream, ReadOnlySpan<byte> line, bool isWhole, bool isPiece, DateTimeOffset time)
    {
        if (_bytes >= _bytesMax)
        {
            Flush();
            Rotate();
        }

        // Escaped, a byte is at most six.
        int most = (6 * line.Length) + _attributes.Length + 128;
        if (_waiting + most > _buffer.Length)
        {
            Flush();
            _buffer = _buffer.Length >= most ? _buffer : new byte[Math.Max(most, BufferBytes)];
        }

        int length = Compose(_buffer.AsSpan(_waiting), stream, line, isWhole, time);
        _waiting += length;
        _bytes += length;
    }

    public void Flush()
    {
        int length = _waiting;
        _waiting = 0;
        if (length > 0)
        {
            FileContents.WriteAll(_file, _buffer.AsSpan(0, length));
        }

        if (_buffer.Length > BufferBytes)
        {
            _buffer = [];
        }
    }

    public void Dispose() => _file.Dispose();

    private int Compose(Span<byte> buffer, FrameKind stream, ReadOnlySpan<byte> line, bool isWhole, DateTimeOffset time)
    {
        int at = 0;
        Add(buffer, ref at, "{\"log\":\""u8);
        at += Escape(line, buffer[at..]);
        Add(buffer, ref at, isWhole ? "\\n\",\"stream\":\""u8 : "\",\"stream\":\""u8);
        Add(buffer, ref at, stream == FrameKind.Stdout ? "stdout\""u8 : "stderr\""u8);
        Add(buffer, ref at, _attributes);
        Add(buffer, ref at, ",\"time\":\""u8);
        at += Time(time, buffer[at..]);
        Add(buffer, ref at, "\"}\n"u8);
        return at;
    }

    private static void Add(Span<byte> buffer, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer[at..]);
        at += text.Length;
    }

    // RFC 3339 as Go writes it: of the fraction no zeros at the end.
    private static int Time(DateTimeOffset time, Span<byte> buffer)
    {
        Span<char> text = stackalloc char[32];
        time.UtcDateTime.TryFormat(text, out int length, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes(text[..length], buffer);
    }

    // As docker escapes: what a web page would misread too. Bytes that are no UTF-8 become U+FFFD.
    private static int Escape(ReadOnlySpan<byte> line, Span<byte> target)
    {
        int at = 0;
        while (!line.IsEmpty)
        {
            byte one = line[0];
            if (one < 0x80)
            {
                at += one switch
                {
                    (byte)'"' or (byte)'\\' => Put(target[at..], (byte)'\\', one),
                    (byte)'\r' => Put(target[at..], (byte)'\\', (byte)'r'),
                    (byte)'\n' => Put(target[at..], (byte)'\\', (byte)'n'),
                    < 0x20 or (byte)'<' or (byte)'>' or (byte)'&' => PutCode(target[at..], one),
                    _ => Put(target[at..], one),
                };
                line = line[1..];
                continue;
            }

            OperationStatus status = Rune.DecodeFromUtf8(line, out Rune rune, out int count);
            if (status != OperationStatus.Done || rune.Value is 0x2028 or 0x2029)
            {
                at += PutCode(target[at..], status == OperationStatus.Done ? rune.Value : 0xFFFD);
            }
            else
            {
                line[..count].CopyTo(target[at..]);
                at += count;
            }

            line = line[Math.Max(count, 1)..];
        }

        return at;
    }

    private static int Put(Span<byte> target, byte one)
    {
        target[0] = one;
        return 1;
    }

    private static int Put(Span<byte> target, byte one, byte other)
    {
        (target[0], target[1]) = (one, other);
        return 2;
    }

    private static int PutCode(Span<byte> target, int code)
    {
        "\\u"u8.CopyTo(target);
        Utf8Formatter.TryFormat(code, target[2..], out _, new StandardFormat('x', 4));
        return 6;
    }

    // Newest first: log.1 becomes log.2 before log becomes log.1. One that is missing is no matter.
    private void Rotate()
    {
        for (int number = _filesMax - 1; number >= 1; number--)
        {
            string from = number == 1 ? _path : Name(number - 1);
            if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, from, AtFlags.AT_SYMLINK_NOFOLLOW) is not null)
            {
                Files.RenameAt2(Descriptor.WorkingDirectory, from, Descriptor.WorkingDirectory, Name(number));
            }
        }

        SafeFileHandle next = OpenFile(OpenFlags.O_TRUNC | OpenFlags.O_APPEND);
        _file.Dispose();
        (_file, _bytes) = (next, 0);
    }

    private string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{_path}.{number}");

    private SafeFileHandle OpenFile(OpenFlags flags) => Files.Open(_path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | flags, Mode);
}
