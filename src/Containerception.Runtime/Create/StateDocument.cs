using System.Buffers;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>The state that hooks read on standard input. runtime-spec, runtime.md, "State".</summary>
internal static class StateDocument
{
    public static byte[] Write(SavedState state, string status, int pid)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using Utf8JsonWriter json = new(buffer, JsonEscaping.Line);
        json.WriteStartObject();
        json.WriteString("ociVersion", state.OciVersion);
        json.WriteString("id", state.Id);
        json.WriteString("status", status);
        if (pid > 0)
        {
            json.WriteNumber("pid", pid);
        }

        json.WriteString("bundle", state.Bundle);
        json.WriteString("root", state.Rootfs);
        if (state.Annotations.Count > 0)
        {
            json.WriteStartObject("annotations");
            foreach ((string key, string value) in state.Annotations)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
