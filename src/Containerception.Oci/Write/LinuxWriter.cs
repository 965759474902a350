namespace Containerception.Oci;

/// <summary>config.json's <c>linux</c>.</summary>
internal static class LinuxWriter
{
    public static void Write(ConfigWriter json, LinuxConfig linux)
    {
        json.Objects("uidMappings", linux.UidMappings, WriteIdMapping);
        json.Objects("gidMappings", linux.GidMappings, WriteIdMapping);
        json.TextMap("sysctl", linux.Sysctl);
        json.Object("resources", linux.Resources, ResourcesWriter.Write);
        json.Text("cgroupsPath", linux.CgroupsPath);
        json.Objects("namespaces", linux.Namespaces, WriteNamespace);
        json.ObjectMap("netDevices", linux.NetDevices, static (json, device) => json.Text("name", device.Name));
        json.Objects("devices", linux.Devices, WriteDevice);
        json.Object("seccomp", linux.Seccomp, WriteSeccomp);
        json.Text("rootfsPropagation", linux.RootfsPropagation);
        json.Texts("maskedPaths", linux.MaskedPaths);
        json.Texts("readonlyPaths", linux.ReadonlyPaths);
        json.Text("mountLabel", linux.MountLabel);
        json.Object("personality", linux.Personality, WritePersonality);
        json.Object("memoryPolicy", linux.MemoryPolicy, WriteMemoryPolicy);
        json.ObjectMap("timeOffsets", linux.TimeOffsets, WriteTimeOffset);
        json.Object("intelRdt", linux.IntelRdt, WriteIntelRdt);
    }

    public static void WriteIdMapping(ConfigWriter json, IdMapping mapping)
    {
        json.Number("containerID", mapping.ContainerId);
        json.Number("hostID", mapping.HostId);
        json.Number("size", mapping.Size);
    }

    private static void WriteNamespace(ConfigWriter json, NamespaceConfig ns)
    {
        json.Text("type", ns.Type);
        json.Text("path", ns.Path);
    }

    private static void WriteDevice(ConfigWriter json, DeviceConfig device)
    {
        json.Text("path", device.Path);
        json.Text("type", device.Type);
        json.Number("major", device.Major);
        json.Number("minor", device.Minor);
        json.Number("fileMode", device.FileMode);
        json.Number("uid", device.Uid);
        json.Number("gid", device.Gid);
    }

    private static void WriteSeccomp(ConfigWriter json, SeccompConfig seccomp)
    {
        json.Text("defaultAction", seccomp.DefaultAction);
        json.Number("defaultErrnoRet", seccomp.DefaultErrnoRet);
        json.Texts("architectures", seccomp.Architectures);
        if (seccomp.Flags is { } flags)
        {
            json.TextsOrNone("flags", flags);
        }

        json.Text("listenerPath", seccomp.ListenerPath);
        json.Text("listenerMetadata", seccomp.ListenerMetadata);
        json.Objects("syscalls", seccomp.Syscalls, WriteSyscall);
    }

    private static void WriteSyscall(ConfigWriter json, SeccompSyscall syscall)
    {
        json.TextsOrNone("names", syscall.Names);
        json.Text("action", syscall.Action);
        json.Number("errnoRet", syscall.ErrnoRet);
        json.Objects("args", syscall.Args, WriteArg);
    }

    private static void WriteArg(ConfigWriter json, SeccompArg arg)
    {
        json.Number("index", arg.Index);
        json.Number("value", arg.Value);
        json.Number("valueTwo", arg.ValueTwo == 0 ? null : (ulong?)arg.ValueTwo);
        json.Text("op", arg.Op);
    }

    private static void WritePersonality(ConfigWriter json, PersonalityConfig personality)
    {
        json.Text("domain", personality.Domain);
        json.Texts("flags", personality.Flags);
    }

    private static void WriteMemoryPolicy(ConfigWriter json, MemoryPolicyConfig policy)
    {
        json.Text("mode", policy.Mode);
        json.Text("nodes", policy.Nodes);
        json.Texts("flags", policy.Flags);
    }

    private static void WriteTimeOffset(ConfigWriter json, TimeOffset offset)
    {
        json.Number("secs", offset.Secs);
        json.Number("nanosecs", offset.Nanosecs);
    }

    private static void WriteIntelRdt(ConfigWriter json, IntelRdtConfig rdt)
    {
        json.Text("closID", rdt.ClosId);
        json.Texts("schemata", rdt.Schemata);
        json.Text("l3CacheSchema", rdt.L3CacheSchema);
        json.Text("memBwSchema", rdt.MemBwSchema);
        json.Flag("enableMonitoring", rdt.EnableMonitoring);
    }
}
