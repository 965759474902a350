namespace Containerception.Oci;

/// <summary>config.json, from the top down to what is not only Linux's.</summary>
internal static class RuntimeConfigReader
{
    private const string AnotherPlatform = "is for another platform; ception runs Linux containers only";

    public static RuntimeConfig Read(ConfigNode config)
    {
        config.Refuse("windows", AnotherPlatform);
        config.Refuse("solaris", AnotherPlatform);
        config.Refuse("zos", AnotherPlatform);
        config.Refuse("freebsd", AnotherPlatform);
        config.Refuse("vm", "virtual machines are not supported by ception");
        return new RuntimeConfig
        {
            OciVersion = config.RequiredText("ociVersion"),
            Process = config.Object("process", ProcessReader.Read),
            Root = config.Object("root", ReadRoot),
            Hostname = config.Text("hostname"),
            Domainname = config.Text("domainname"),
            Mounts = config.Objects("mounts", ReadMount),
            Hooks = config.Object("hooks", HooksReader.Read),
            Annotations = config.TextMap("annotations"),
            Linux = config.Object("linux", LinuxReader.Read),
        };
    }

    private static RootConfig ReadRoot(ConfigNode root) => new()
    {
        Path = root.RequiredText("path"),
        Readonly = root.Bool("readonly") ?? false,
    };

    public static MountConfig ReadMount(ConfigNode mount) => new()
    {
        Destination = mount.RequiredText("destination"),
        Type = mount.Text("type"),
        Source = mount.Text("source"),
        Options = mount.Texts("options"),
        UidMappings = mount.Objects("uidMappings", LinuxReader.ReadIdMapping),
        GidMappings = mount.Objects("gidMappings", LinuxReader.ReadIdMapping),
    };
}
