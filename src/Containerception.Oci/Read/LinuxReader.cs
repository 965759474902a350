namespace Containerception.Oci;

/// <summary>config.json's <c>linux</c>.</summary>
internal static class LinuxReader
{
    public static LinuxConfig Read(ConfigNode linux)
    {
        return new LinuxConfig
        {
            Namespaces = linux.Objects("namespaces", ReadNamespace),
            UidMappings = linux.Objects("uidMappings", ReadIdMapping),
            GidMappings = linux.Objects("gidMappings", ReadIdMapping),
            TimeOffsets = linux.ObjectMap("timeOffsets", ReadTimeOffset),
            NetDevices = linux.ObjectMap("netDevices", ReadNetDevice),
            Devices = linux.Objects("devices", ReadDevice),
            CgroupsPath = linux.Text("cgroupsPath"),
            Resources = linux.Object("resources", ResourcesReader.Read),
            RootfsPropagation = linux.Text("rootfsPropagation"),
            Seccomp = linux.Object("seccomp", SeccompReader.Read),
            Sysctl = linux.TextMap("sysctl"),
            MaskedPaths = linux.Texts("maskedPaths"),
            ReadonlyPaths = linux.Texts("readonlyPaths"),
            MountLabel = linux.Text("mountLabel"),
            Personality = linux.Object("personality", ReadPersonality),
            MemoryPolicy = linux.Object("memoryPolicy", ReadMemoryPolicy),
            IntelRdt = linux.Object("intelRdt", ReadIntelRdt),
        };
    }

    public static IdMapping ReadIdMapping(ConfigNode mapping) => new()
    {
        ContainerId = mapping.UInt("containerID") ?? 0,
        HostId = mapping.UInt("hostID") ?? 0,
        Size = mapping.UInt("size") ?? 0,
    };

    private static NamespaceConfig ReadNamespace(ConfigNode ns) => new()
    {
        Type = ns.RequiredText("type"),
        Path = ns.Text("path") is { Length: > 0 } path ? path : null,
    };

    private static TimeOffset ReadTimeOffset(ConfigNode offset) => new()
    {
        Secs = offset.Long("secs") ?? 0,
        Nanosecs = offset.UInt("nanosecs") ?? 0,
    };

    private static NetDeviceConfig ReadNetDevice(ConfigNode device) => new() { Name = device.Text("name") is { Length: > 0 } name ? name : null };

    private static DeviceConfig ReadDevice(ConfigNode device) => new()
    {
        Path = device.RequiredText("path"),
        Type = device.RequiredText("type"),
        Major = device.Long("major") ?? 0,
        Minor = device.Long("minor") ?? 0,
        FileMode = device.UInt("fileMode"),
        Uid = device.UInt("uid"),
        Gid = device.UInt("gid"),
    };

    private static PersonalityConfig ReadPersonality(ConfigNode personality) => new()
    {
        Domain = personality.RequiredText("domain"),
        Flags = personality.Texts("flags"),
    };

    private static MemoryPolicyConfig ReadMemoryPolicy(ConfigNode policy) => new()
    {
        Mode = policy.RequiredText("mode"),
        Nodes = policy.Text("nodes"),
        Flags = policy.Texts("flags"),
    };

    // enableCMT and enableMBM are what enableMonitoring was before 1.3 of the specification, in two halves.
    private static IntelRdtConfig ReadIntelRdt(ConfigNode rdt) => new()
    {
        ClosId = rdt.Text("closID") is { Length: > 0 } id ? id : null,
        Schemata = rdt.Texts("schemata"),
        L3CacheSchema = rdt.Text("l3CacheSchema"),
        MemBwSchema = rdt.Text("memBwSchema"),
        EnableMonitoring = rdt.Bool("enableMonitoring") is true || rdt.Bool("enableCMT") is true || rdt.Bool("enableMBM") is true,
    };
}
