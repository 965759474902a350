using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What a runtime can do, whether or not this machine can. runtime-spec, features.md and features-linux.md.</summary>
public sealed record Features
{
    public required string OciVersionMin { get; init; }

    public required string OciVersionMax { get; init; }

    public ImmutableArray<string> Hooks { get; init => field = value.OrEmpty(); } = [];

    /// <summary>Sorted.</summary>
    public ImmutableArray<string> MountOptions { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Namespaces { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Capabilities { get; init => field = value.OrEmpty(); } = [];

    public bool CgroupV1 { get; init; }

    public bool CgroupV2 { get; init; }

    public bool CgroupSystemd { get; init; }

    public bool CgroupSystemdUser { get; init; }

    public bool CgroupRdma { get; init; }

    public ImmutableArray<string> SeccompActions { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> SeccompOperators { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> SeccompArchitectures { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> SeccompKnownFlags { get; init => field = value.OrEmpty(); } = [];

    /// <summary>Those of the known flags that this kernel and libseccomp take.</summary>
    public ImmutableArray<string> SeccompSupportedFlags { get; init => field = value.OrEmpty(); } = [];

    public bool Apparmor { get; init; }

    public bool Selinux { get; init; }

    public bool IntelRdt { get; init; }

    public ImmutableArray<string> MemoryPolicyModes { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> MemoryPolicyFlags { get; init => field = value.OrEmpty(); } = [];

    public bool IdMappedMounts { get; init; }

    public bool NetDevices { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Empty.Map;

    /// <summary>Annotations that change what the runtime does: an engine does not let users set them.</summary>
    public ImmutableArray<string> PotentiallyUnsafeConfigAnnotations { get; init => field = value.OrEmpty(); } = [];

    /// <summary>The document, indented by four spaces, no newline at its end.</summary>
    public byte[] ToJson() => ConfigWriter.Document(Write, indent: ' ', indentSize: 4);

    private void Write(ConfigWriter json)
    {
        json.Text("ociVersionMin", OciVersionMin);
        json.Text("ociVersionMax", OciVersionMax);
        json.Texts("hooks", Hooks);
        json.Texts("mountOptions", MountOptions);
        json.Object("linux", this, WriteLinux);
        json.TextMap("annotations", Annotations);
        json.Texts("potentiallyUnsafeConfigAnnotations", PotentiallyUnsafeConfigAnnotations);
    }

    private static void WriteLinux(ConfigWriter json, Features features)
    {
        json.Texts("namespaces", features.Namespaces);
        json.Texts("capabilities", features.Capabilities);
        json.Object("cgroup", features, WriteCgroup);
        json.Object("seccomp", features, WriteSeccomp);
        WriteSwitch(json, "apparmor", features.Apparmor);
        WriteSwitch(json, "selinux", features.Selinux);
        json.Object("intelRdt", features, WriteIntelRdt);
        json.Object("memoryPolicy", features, WriteMemoryPolicy);
        json.Object("mountExtensions", features, static (json, features) => WriteSwitch(json, "idmap", features.IdMappedMounts));
        WriteSwitch(json, "netDevices", features.NetDevices);
    }

    private static void WriteCgroup(ConfigWriter json, Features features)
    {
        json.Bool("v1", features.CgroupV1);
        json.Bool("v2", features.CgroupV2);
        json.Bool("systemd", features.CgroupSystemd);
        json.Bool("systemdUser", features.CgroupSystemdUser);
        json.Bool("rdma", features.CgroupRdma);
    }

    // Written word for word, and monitored with a group of the container's own: since 1.3 of the specification.
    private static void WriteIntelRdt(ConfigWriter json, Features features)
    {
        json.Bool("enabled", features.IntelRdt);
        json.Bool("schemata", features.IntelRdt);
        json.Bool("monitoring", features.IntelRdt);
    }

    private static void WriteSeccomp(ConfigWriter json, Features features)
    {
        json.Bool("enabled", features.SeccompActions.Length > 0);
        json.Texts("actions", features.SeccompActions);
        json.Texts("operators", features.SeccompOperators);
        json.Texts("archs", features.SeccompArchitectures);
        json.Texts("knownFlags", features.SeccompKnownFlags);
        json.Texts("supportedFlags", features.SeccompSupportedFlags);
    }

    private static void WriteMemoryPolicy(ConfigWriter json, Features features)
    {
        json.Texts("modes", features.MemoryPolicyModes);
        json.Texts("flags", features.MemoryPolicyFlags);
    }

    private static void WriteSwitch(ConfigWriter json, string name, bool enabled)
        => json.Object(name, enabled ? "true" : "false", static (json, text) => json.Bool("enabled", text == "true"));
}
