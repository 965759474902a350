using System.Buffers;
using System.Text;
using System.Text.Json;
using Containerception.Oci;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>logrus's JSON format: one object a line.</summary>
internal static class JsonLog
{
    public static string Error(DateTimeOffset now, string message, string? hint) => Line(json =>
    {
        Head(json, now, "error", message);
        if (hint is not null)
        {
            json.WriteString("hint", hint);
        }
    });

    public static string Step(DateTimeOffset now, StepRecord step) => Line(json =>
    {
        Head(json, now, "debug", step.Words);
        json.WriteString("step", step.Name);
        json.WriteString("call", step.Call);
        json.WriteString("why", step.Why);
        json.WriteNumber("us", Math.Round((decimal)step.Took.TotalMicroseconds, 1));

        // For who adds steps up: when it was told, in microseconds since 1970.
        json.WriteNumber("at", (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
    });

    private static void Head(Utf8JsonWriter json, DateTimeOffset now, string level, string message)
    {
        json.WriteString("level", level);
        json.WriteString("msg", message);
        json.WriteString("time", TextLog.Time(now));
    }

    private static string Line(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter json = new(bytes, JsonEscaping.Line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\n";
    }
}
