using System.Text.Json;

namespace Containerception.Supervision;

/// <summary>How the supervisor answers its container's questions for names: on sockets in the container's network namespace, from a file.</summary>
public sealed record DnsPlan
{
    /// <summary>The number of an inherited datagram socket that is bound.</summary>
    public required int Udp { get; init; }

    /// <summary>The number of an inherited stream socket that is bound; the supervisor listens.</summary>
    public required int Tcp { get; init; }

    /// <summary>The path of a <see cref="DnsNames"/>, which may be replaced while the container runs.</summary>
    public required string File { get; init; }

    internal static DnsPlan Read(JsonElement json) => new()
    {
        Udp = json.GetProperty("udp").GetInt32(),
        Tcp = json.GetProperty("tcp").GetInt32(),
        File = json.Text("file"),
    };

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("dns");
        json.WriteNumber("udp", Udp);
        json.WriteNumber("tcp", Tcp);
        json.WriteString("file", File);
        json.WriteEndObject();
    }
}
