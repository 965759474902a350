using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Supervision;

/// <summary><c>dns.json</c>: what a container's questions for names are answered from. Whoever changes it renames another one over it.</summary>
public sealed record DnsNames
{
    /// <summary>In the container's directory.</summary>
    public const string FileName = "dns.json";

    /// <summary>Paths of files like hosts(5), one for each network; one that is not there has no names. They are replaced as this file is.</summary>
    public ImmutableArray<string> Networks { get; init; } = [];

    /// <summary>Addresses of the servers that are asked for other names, in this order: <c>ADDRESS</c> or, of a link, <c>ADDRESS%INTERFACE</c>; port 53.</summary>
    public ImmutableArray<string> Servers { get; init; } = [];

    /// <summary>Whether they may be asked at all: nothing that a container without a way out asks for leaves this machine (CVE-2024-29018).</summary>
    public bool Forward { get; init; }

    /// <summary>As JSON.</summary>
    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteTexts("networks", Networks);
            json.WriteTexts("servers", Servers);
            json.WriteBoolean("forward", Forward);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static DnsNames Read(ReadOnlyMemory<byte> document) => JsonTexts.Guard(FileName, () =>
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        return new DnsNames
        {
            Networks = root.GetProperty("networks").Texts(),
            Servers = root.GetProperty("servers").Texts(),
            Forward = root.Flag("forward"),
        };
    });
}
