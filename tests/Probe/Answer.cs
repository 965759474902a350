using System.Text;
using System.Text.Json;

namespace Containerception.Probe;

/// <summary>What the probe says: lines and JSON documents, by write(2), for the base library's console wants a terminal's settings.</summary>
internal static unsafe class Answer
{
    public static int Json(Action<Utf8JsonWriter> document)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            document(writer);
        }

        stream.WriteByte((byte)'\n');
        return Write(1, stream.ToArray());
    }

    public static int Line(string text) => Write(1, Encoding.UTF8.GetBytes(text + "\n"));

    public static int Error(string text)
    {
        Write(2, Encoding.UTF8.GetBytes(text + "\n"));
        return 2;
    }

    private static int Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            return Libc.write(fd, start, (nuint)bytes.Length) == bytes.Length ? 0 : 1;
        }
    }
}
