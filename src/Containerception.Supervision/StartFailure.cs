using System.Buffers;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Supervision;

/// <summary>Why a program does not run: what a supervisor writes to its report pipe.</summary>
/// <param name="Message">One line; null when the runtime's own log, <c>runtime.log</c> in the container's directory, says it.</param>
/// <param name="Hint">What to do about it.</param>
public sealed record StartFailure(string? Message, string? Hint)
{
    /// <summary>The most that is read of a report.</summary>
    public const int BytesMax = 1 << 16;

    /// <summary>The hint where the kernel makes no more namespaces: whoever nests containers has come to the end.</summary>
    public const string NoMoreNamespaces = "a limit on namespaces is reached: see /proc/sys/user/max_*_namespaces; user and pid namespaces nest 32 deep";

    /// <summary>As JSON.</summary>
    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString("message", Message);
            json.WriteString("hint", Hint);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static StartFailure Read(byte[] document) => JsonTexts.Guard("the supervisor's report", () =>
    {
        using JsonDocument json = JsonDocument.Parse(document);
        return new StartFailure(json.RootElement.GetProperty("message").GetString(), json.RootElement.GetProperty("hint").GetString());
    });
}
