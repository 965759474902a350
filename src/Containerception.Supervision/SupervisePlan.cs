using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Supervision;

/// <summary>
/// <c>supervise.json</c>: what <c>ception supervise</c> must know to keep one container. It is written anew for each start.
/// </summary>
/// <remarks>
/// The supervisor inherits as descriptor 0 the lock on the container's directory, as 1 a pipe that it closes once the program runs (or writes a
/// <see cref="StartFailure"/> to), as 2 the connection to its first client or /dev/null, with <see cref="Explains"/> as 3 where steps are told, and from
/// <see cref="FurtherNumber"/> on, without a gap, the sockets of <see cref="Dns"/>, the network namespace
/// of <see cref="Relays"/> and the sockets <see cref="Held"/>.
/// </remarks>
public sealed record SupervisePlan
{
    /// <summary>In the container's directory.</summary>
    public const string FileName = "supervise.json";

    /// <summary>The flag with which the descriptors are not inherited: the supervisor was started before they were there, and gets them with a <see cref="LateMessage"/>.</summary>
    public const string LateFlag = "--late";

    /// <summary>The number of the first further descriptor.</summary>
    public const int FurtherNumber = 4;

    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The container's name when it was started: for logs.</summary>
    public required string Name { get; init; }

    /// <summary>What it started on: for logs.</summary>
    public required string Image { get; init; }

    /// <summary>The container's directory, which is its bundle too.</summary>
    public required string Directory { get; init; }

    /// <summary>The OCI runtime, absolute; null is the supervisor itself.</summary>
    public string? Runtime { get; init; }

    /// <summary>Its <c>--root</c>.</summary>
    public required string RuntimeRoot { get; init; }

    /// <summary>The program has a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>The terminal's size; 0 when nobody knows.</summary>
    public ushort Rows { get; init; }

    /// <inheritdoc cref="Rows"/>
    public ushort Columns { get; init; }

    /// <summary>The program has a standard input, not /dev/null.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>It ends with the first client's.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>Steps are told to descriptor 3.</summary>
    public bool Explains { get; init; }

    /// <summary>Descriptor 2 is a client, who gets all that the program writes, and leaves with the container.</summary>
    public bool HasClient { get; init; }

    /// <summary><c>json-file</c>, <c>journald</c> or <c>none</c>.</summary>
    public string LogDriver { get; init; } = "json-file";

    /// <summary>The driver's options.</summary>
    public ImmutableSortedDictionary<string, string> LogOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What the driver notes beside each line.</summary>
    public ImmutableSortedDictionary<string, string> LogAttributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The container's control groups are made by the user's own systemd.</summary>
    public bool AsksSystemd { get; init; }

    /// <summary>When the program is started again.</summary>
    public RestartPolicy Restart { get; init; } = RestartPolicy.Never;

    /// <summary>Null for no health checks.</summary>
    public HealthPlan? Health { get; init; }

    /// <summary>The signal's number by which the supervisor ends the program when it is to end itself.</summary>
    public int StopSignal { get; init; } = 15;

    /// <summary>A command that is executed at the end in place of the supervisor, when no first client is there to clean up; empty for none.</summary>
    public ImmutableArray<string> AtEnd { get; init; } = [];

    /// <summary>Null when the container's questions for names are none of the supervisor's.</summary>
    public DnsPlan? Dns { get; init; }

    /// <summary>
    /// The container is connected in another network namespace than the machine's, which comes along: what is held are listening and datagram sockets, which a process
    /// there must lead to the container. Their keys say where: <c>tcp 0.0.0.0:8080 172.17.0.2:80</c>.
    /// </summary>
    public bool Relays { get; init; }

    /// <summary>So many further descriptors are kept open and not looked at, as long as the supervisor lives: the sockets of published ports.</summary>
    public ImmutableArray<string> Held { get; init; } = [];

    /// <summary>As JSON.</summary>
    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString("id", Id);
            json.WriteString("name", Name);
            json.WriteString("image", Image);
            json.WriteString("directory", Directory);
            json.WriteString("runtime", Runtime);
            json.WriteString("runtimeRoot", RuntimeRoot);
            json.WriteBoolean("tty", Tty);
            json.WriteNumber("rows", Rows);
            json.WriteNumber("columns", Columns);
            json.WriteBoolean("openStdin", OpenStdin);
            json.WriteBoolean("stdinOnce", StdinOnce);
            json.WriteBoolean("explains", Explains);
            json.WriteBoolean("hasClient", HasClient);
            json.WriteString("logDriver", LogDriver);
            json.WriteMap("logOptions", LogOptions);
            json.WriteMap("logAttributes", LogAttributes);
            json.WriteBoolean("asksSystemd", AsksSystemd);
            json.WriteString("restart", Restart.ToString());
            json.WriteNumber("stopSignal", StopSignal);
            json.WriteTexts("atEnd", AtEnd);
            json.WriteBoolean("relays", Relays);
            json.WriteTexts("held", Held);
            Health?.Write(json);
            Dns?.Write(json);

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SupervisePlan Read(ReadOnlyMemory<byte> document) => JsonTexts.Guard(FileName, () =>
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        return new SupervisePlan
        {
            Id = root.Text("id"),
            Name = root.Text("name"),
            Image = root.Text("image"),
            Directory = root.Text("directory"),
            Runtime = root.GetProperty("runtime").GetString(),
            RuntimeRoot = root.Text("runtimeRoot"),
            Tty = root.Flag("tty"),
            Rows = root.GetProperty("rows").GetUInt16(),
            Columns = root.GetProperty("columns").GetUInt16(),
            OpenStdin = root.Flag("openStdin"),
            StdinOnce = root.Flag("stdinOnce"),
            Explains = root.Flag("explains"),
            HasClient = root.Flag("hasClient"),
            LogDriver = root.Text("logDriver"),
            LogOptions = root.GetProperty("logOptions").Map(),
            LogAttributes = root.GetProperty("logAttributes").Map(),
            AsksSystemd = root.Flag("asksSystemd"),
            Restart = RestartPolicy.TryParse(root.Text("restart")) ?? throw new FormatException("restart: no such policy"),
            StopSignal = root.GetProperty("stopSignal").GetInt32(),
            AtEnd = root.GetProperty("atEnd").Texts(),
            Relays = root.Flag("relays"),
            Held = root.GetProperty("held").Texts(),
            Dns = root.TryGetProperty("dns", out JsonElement dns) ? DnsPlan.Read(dns) : null,
            Health = root.TryGetProperty("health", out JsonElement health) ? HealthPlan.Read(health) : null,
        };
    });
}
