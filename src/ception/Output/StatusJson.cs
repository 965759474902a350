using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Containerception.Oci;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>What <c>state</c> and <c>list --format json</c> print, byte for byte as runc does.</summary>
internal static class StatusJson
{
    /// <summary>Two spaces deep, no newline at the end, and an owner that is always empty.</summary>
    public static byte[] One(ContainerStatus container)
        => Write(indented: true, json => WriteStatus(json, container, owner: ""));

    /// <summary>One line; <c>null</c> for none.</summary>
    public static byte[] Many(IReadOnlyList<ContainerStatus> containers, UserNames users)
    {
        if (containers.Count == 0)
        {
            return [.. "null\n"u8];
        }

        byte[] array = Write(indented: false, json =>
        {
            json.WriteStartArray();
            foreach (ContainerStatus container in containers)
            {
                WriteStatus(json, container, users.NameOf(container.OwnerUid));
            }

            json.WriteEndArray();
        });
        return [.. array, (byte)'\n'];
    }

    /// <summary>RFC 3339 with as many digits of a second as it has.</summary>
    public static string Time(DateTimeOffset time)
        => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static void WriteStatus(Utf8JsonWriter json, ContainerStatus container, string owner)
    {
        json.WriteStartObject();
        json.WriteString("ociVersion", container.OciVersion);
        json.WriteString("id", container.Id);
        json.WriteNumber("pid", container.Pid);
        json.WriteString("status", container.Status);
        json.WriteString("bundle", container.Bundle);
        json.WriteString("rootfs", container.Rootfs);
        json.WriteString("created", Time(container.Created));
        if (container.Annotations.Count > 0)
        {
            json.WriteStartObject("annotations");
            foreach ((string name, string value) in container.Annotations)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        json.WriteString("owner", owner);
        json.WriteEndObject();
    }

    private static byte[] Write(bool indented, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> bytes = new();
        JsonWriterOptions options = JsonEscaping.Line with { Indented = indented, NewLine = "\n" };
        using (Utf8JsonWriter json = new(bytes, options))
        {
            write(json);
        }

        return bytes.WrittenSpan.ToArray();
    }
}
