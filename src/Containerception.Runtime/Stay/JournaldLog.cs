using System.Buffers.Binary;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The journal, by its native protocol: a datagram a line, with docker's fields. systemd.io/JOURNAL_NATIVE_PROTOCOL.</summary>
internal sealed class JournaldLog : ILogDriver
{
    private const string Address = "/run/systemd/journal/socket";
    private const int ShortIdLength = 12;

    // A label may be an image's, which is not to say what container this is.
    private static readonly string[] Own =
    [
        "CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME", "CONTAINER_TAG", "SYSLOG_IDENTIFIER", "IMAGE_NAME", "PRIORITY", "CONTAINER_PARTIAL_MESSAGE", "MESSAGE",
    ];

    private readonly SafeFileHandle _socket;
    private readonly byte[] _fields;

    private JournaldLog(SafeFileHandle socket, byte[] fields)
    {
        _socket = socket;
        _fields = fields;
    }

    public static JournaldLog Open(SupervisePlan plan)
    {
        SafeFileHandle socket = UnixSockets.Create(UnixSocketType.SOCK_DGRAM, nonBlocking: true);
        try
        {
            UnixSockets.Connect(socket, Address);
        }
        catch (LinuxException missing)
        {
            socket.Dispose();
            throw new ContainerException(
                FailureKind.Unsupported, $"--log-driver journald: {missing.Message}", "is systemd-journald running? json-file needs no service", missing);
        }

        string tag = plan.LogOptions.GetValueOrDefault("tag") ?? plan.Id[..ShortIdLength];
        MemoryStream fields = new();
        Add(fields, "CONTAINER_ID", Encoding.UTF8.GetBytes(plan.Id[..ShortIdLength]));
        Add(fields, "CONTAINER_ID_FULL", Encoding.UTF8.GetBytes(plan.Id));
        Add(fields, "CONTAINER_NAME", Encoding.UTF8.GetBytes(plan.Name));
        Add(fields, "CONTAINER_TAG", Encoding.UTF8.GetBytes(tag));
        Add(fields, "SYSLOG_IDENTIFIER", Encoding.UTF8.GetBytes(tag));
        Add(fields, "IMAGE_NAME", Encoding.UTF8.GetBytes(plan.Image));
        foreach ((string name, string value) in plan.LogAttributes)
        {
            if (FieldName(name) is { Length: > 0 } field && !Own.Contains(field))
            {
                Add(fields, field, Encoding.UTF8.GetBytes(value));
            }
        }

        return new JournaldLog(socket, fields.ToArray());
    }

    public void Write(FrameKind stream, ReadOnlySpan<byte> line, bool isWhole, bool isPiece, DateTimeOffset time)
    {
        MemoryStream message = new(_fields.Length + line.Length + 128);
        message.Write(_fields);
        Add(message, "PRIORITY", stream == FrameKind.Stdout ? "6"u8 : "3"u8);
        if (isPiece && !isWhole)
        {
            Add(message, "CONTAINER_PARTIAL_MESSAGE", "true"u8);
        }

        Add(message, "MESSAGE", line);

        // What the journal cannot take now is lost: it must not hold up the program.
        _ = FileContents.TryWrite(_socket, message.GetBuffer().AsSpan(0, (int)message.Length));
    }

    public void Flush()
    {
        // Each line was a datagram of its own.
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>docker's: letters become capitals, all that a field may not have a line, and none is the first. The journal keeps those for itself.</summary>
    private static string FieldName(string name)
        => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : '_')).TrimStart('_');

    // The form with a length, which a value with a newline in it needs.
    private static void Add(MemoryStream message, string name, ReadOnlySpan<byte> value)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)value.Length);
        message.Write(Encoding.ASCII.GetBytes(name));
        message.WriteByte((byte)'\n');
        message.Write(length);
        message.Write(value);
        message.WriteByte((byte)'\n');
    }
}
