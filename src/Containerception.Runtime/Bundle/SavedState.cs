using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>state.json of a container: what later commands need to find it. The names are runc's, for tools that look.</summary>
internal sealed record SavedState
{
    public required string Id { get; init; }

    public required string OciVersion { get; init; }

    public required string Bundle { get; init; }

    public required string Rootfs { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required uint OwnerUid { get; init; }

    /// <summary>0 while the container is being made.</summary>
    public int InitPid { get; init; }

    /// <summary>Start time of init in clock ticks after boot, proc_pid_stat(5): a pid may be used again, the pair not.</summary>
    public ulong InitStart { get; init; }

    /// <summary>Controller (empty for v2) to the absolute path of the container's group.</summary>
    public ImmutableSortedDictionary<string, string> CgroupPaths { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The scope in which they are; null when systemd did not make them.</summary>
    public SystemdUnit? Unit { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The namespaces that differ from the host's.</summary>
    public CloneFlags Namespaces { get; init; }

    /// <summary>The pid namespace was made for this container: all its processes end with init.</summary>
    public bool OwnsPids { get; init; }

    /// <summary>The root was moved to, not pivoted to: who joins must take it from /proc/PID/root.</summary>
    public bool NoPivot { get; init; }

    /// <summary>The container kept its caller's session keyring, and so does who joins it.</summary>
    public bool NoNewKeyring { get; init; }

    /// <summary>The limits as they were changed since the container was made; null while they are config.json's.</summary>
    public LinuxResources? Resources { get; init; }

    /// <summary>The class of service, with linux.intelRdt.</summary>
    public ResctrlGroup? Rdt { get; init; }

    public ReadOnlyMemory<byte> Write()
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using Utf8JsonWriter json = new(buffer, JsonEscaping.Line);
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("oci_version", OciVersion);
        json.WriteString("bundle", Bundle);
        json.WriteString("rootfs", Rootfs);
        json.WriteString("created", Created);
        json.WriteNumber("owner_uid", OwnerUid);
        json.WriteNumber("init_process_pid", InitPid);
        json.WriteNumber("init_process_start", InitStart);
        json.WriteNumber("namespaces", (ulong)Namespaces);
        json.WriteBoolean("owns_pids", OwnsPids);
        json.WriteBoolean("no_pivot", NoPivot);
        json.WriteBoolean("no_new_keyring", NoNewKeyring);
        WriteMap(json, "cgroup_paths", CgroupPaths);
        WriteMap(json, "annotations", Annotations);
        if (Resources is not null)
        {
            json.WritePropertyName("resources");
            json.WriteRawValue(Resources.ToJson());
        }

        if (Rdt is not null)
        {
            json.WriteString("intel_rdt_path", Rdt.Path);
            json.WriteString("intel_rdt_mon_path", Rdt.MonitorPath);
            json.WriteBoolean("intel_rdt_ours", Rdt.IsOurs);
        }

        if (Unit is { } unit)
        {
            json.WriteString("systemd_unit", unit.Name);
            json.WriteBoolean("systemd_user", unit.IsOfUser);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public static SavedState Read(byte[] document)
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        return new SavedState
        {
            Id = Text(root.GetProperty("id")),
            OciVersion = Text(root.GetProperty("oci_version")),
            Bundle = Text(root.GetProperty("bundle")),
            Rootfs = Text(root.GetProperty("rootfs")),
            Created = root.GetProperty("created").GetDateTimeOffset(),
            OwnerUid = root.GetProperty("owner_uid").GetUInt32(),
            InitPid = (int)Math.Min(root.GetProperty("init_process_pid").GetUInt32(), int.MaxValue),
            InitStart = root.GetProperty("init_process_start").GetUInt64(),
            Namespaces = (CloneFlags)root.GetProperty("namespaces").GetUInt64(),
            OwnsPids = root.GetProperty("owns_pids").GetBoolean(),
            NoPivot = root.GetProperty("no_pivot").GetBoolean(),
            NoNewKeyring = root.TryGetProperty("no_new_keyring", out JsonElement kept) && kept.GetBoolean(),
            CgroupPaths = ReadMap(root.GetProperty("cgroup_paths")),
            Unit = root.TryGetProperty("systemd_unit", out JsonElement unit)
                ? new(unit.GetString()!, root.GetProperty("systemd_user").GetBoolean())
                : null,
            Annotations = ReadMap(root.GetProperty("annotations")),
            Resources = root.TryGetProperty("resources", out JsonElement resources) ? LinuxResources.Read(Encoding.UTF8.GetBytes(resources.GetRawText())) : null,
            Rdt = root.TryGetProperty("intel_rdt_path", out JsonElement path)
                ? new ResctrlGroup(path.GetString()!, root.GetProperty("intel_rdt_mon_path").GetString(), root.GetProperty("intel_rdt_ours").GetBoolean())
                : null,
        };
    }

    private static void WriteMap(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach ((string key, string value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static ImmutableSortedDictionary<string, string> ReadMap(JsonElement element)
    {
        ImmutableSortedDictionary<string, string>.Builder map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            map[property.Name] = Text(property.Value);
        }

        return map.ToImmutable();
    }

    /// <summary>A container may be without: made with --cgroup-manager disabled, or by a user who has none to give.</summary>
    /// <param name="cannot">What cannot be done then.</param>
    public void RequireCgroups(string cannot)
    {
        if (CgroupPaths.IsEmpty)
        {
            throw new ContainerException(FailureKind.Conflict, "the container has no cgroups: " + cannot,
                "it was made with --cgroup-manager disabled, or by a user without a cgroup of his own");
        }
    }

    private static string Text(JsonElement element) => element.GetString() ?? throw new FormatException("a text is null");
}
