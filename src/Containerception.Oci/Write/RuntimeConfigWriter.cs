namespace Containerception.Oci;

/// <summary>config.json, in the order of the specification's Go types.</summary>
internal static class RuntimeConfigWriter
{
    public static void Write(ConfigWriter json, RuntimeConfig config)
    {
        json.Text("ociVersion", config.OciVersion);
        json.Object("process", config.Process, ProcessWriter.Write);
        json.Object("root", config.Root, WriteRoot);
        json.Text("hostname", config.Hostname);
        json.Text("domainname", config.Domainname);
        json.Objects("mounts", config.Mounts, WriteMount);
        json.Object("hooks", config.Hooks, WriteHooks);
        json.TextMap("annotations", config.Annotations);
        json.Object("linux", config.Linux, LinuxWriter.Write);
    }

    private static void WriteRoot(ConfigWriter json, RootConfig root)
    {
        json.Text("path", root.Path);
        json.Flag("readonly", root.Readonly);
    }

    private static void WriteMount(ConfigWriter json, MountConfig mount)
    {
        json.Text("destination", mount.Destination);
        json.Text("type", mount.Type);
        json.Text("source", mount.Source);
        json.Texts("options", mount.Options);
        json.Objects("uidMappings", mount.UidMappings, LinuxWriter.WriteIdMapping);
        json.Objects("gidMappings", mount.GidMappings, LinuxWriter.WriteIdMapping);
    }

    private static void WriteHooks(ConfigWriter json, HooksConfig hooks)
    {
        json.Objects("prestart", hooks.Prestart, WriteHook);
        json.Objects("createRuntime", hooks.CreateRuntime, WriteHook);
        json.Objects("createContainer", hooks.CreateContainer, WriteHook);
        json.Objects("startContainer", hooks.StartContainer, WriteHook);
        json.Objects("poststart", hooks.Poststart, WriteHook);
        json.Objects("poststop", hooks.Poststop, WriteHook);
    }

    private static void WriteHook(ConfigWriter json, HookConfig hook)
    {
        json.Text("path", hook.Path);
        json.Texts("args", hook.Args);
        json.Texts("env", hook.Env);
        json.Number("timeout", hook.Timeout);
    }
}
