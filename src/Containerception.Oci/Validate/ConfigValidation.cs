using System.Collections.Immutable;
using System.Globalization;

namespace Containerception.Oci;

/// <summary>
/// What can be refused without asking the kernel: a config that cannot work is told before anything is made. The first problem ends
/// it. Seccomp profiles are checked by their compiler.
/// </summary>
public static class ConfigValidation
{
    // HOST_NAME_MAX of linux/utsname.h, without the NUL.
    private const int HostNameLengthMax = 64;

    /// <exception cref="ConfigException">The field and what is wrong with it.</exception>
    public static void Validate(RuntimeConfig config)
    {
        LinuxConfig linux = config.Linux ?? new LinuxConfig();

        CheckVersion(config.OciVersion);
        CheckRoot(config.Root);
        CheckHostNames(config, linux);
        CheckMounts(config.Mounts);
        ProcessValidation.Check(config.Process ?? throw new ConfigException("process", "is required"));
        CheckHooks(config.Hooks ?? new HooksConfig());
        AnnotationValidation.Check(config.Annotations);
        LinuxValidation.Check(linux);
        SysctlValidation.Check(linux);
        NetDeviceValidation.Check(linux);
        ResourcesValidation.Check(linux.Resources ?? new LinuxResources());
    }

    /// <summary>The same for the document of <c>exec --process</c>.</summary>
    /// <exception cref="ConfigException">The field and what is wrong with it.</exception>
    public static void Validate(ProcessConfig process) => ProcessValidation.Check(process);

    /// <summary>The same for limits that are changed later.</summary>
    /// <exception cref="ConfigException">The field and what is wrong with it.</exception>
    public static void Validate(LinuxResources resources) => ResourcesValidation.Check(resources);

    // Semantic versions: every 1.x can be read as the 1.x that is known here.
    private static void CheckVersion(string version)
    {
        string[] numbers = version.Split('-', '+')[0].Split('.');
        bool good = numbers is ["1", string minor, string patch]
            && uint.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && uint.TryParse(patch, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        Require.That(good, "ociVersion", $"must be a version 1.x.y, not {Require.Quote(version)}");
    }

    private static void CheckRoot(RootConfig? root)
    {
        Require.That(root is not null, "root", $"is required");
        Require.That(root!.Path.Length > 0, "root.path", $"must not be empty");
    }

    private static void CheckHostNames(RuntimeConfig config, LinuxConfig linux)
    {
        CheckHostName(config.Hostname, "hostname", linux);
        CheckHostName(config.Domainname, "domainname", linux);
    }

    private static void CheckHostName(string? name, string field, LinuxConfig linux)
    {
        if (!string.IsNullOrEmpty(name))
        {
            Require.That(linux.Has("uts"), field, $"needs a uts namespace in linux.namespaces");
            Require.That(name.Length <= HostNameLengthMax, field, $"must have at most {HostNameLengthMax} bytes");
        }
    }

    internal static void CheckMounts(ImmutableArray<MountConfig> mounts)
    {
        for (int i = 0; i < mounts.Length; i++)
        {
            MountConfig mount = mounts[i];
            bool isBind = mount.Type == "bind" || mount.Options.Contains("bind") || mount.Options.Contains("rbind");
            Require.That(mount.Destination.Length > 0, $"mounts[{i}].destination", "must not be empty");
            Require.That(!isBind || !string.IsNullOrEmpty(mount.Source), $"mounts[{i}].source", "a bind mount needs one");
            Require.That(mount.UidMappings.IsEmpty == mount.GidMappings.IsEmpty, $"mounts[{i}].{(mount.UidMappings.IsEmpty ? "u" : "g")}idMappings", "is needed too: an ID-mapped mount maps both");
            LinuxValidation.CheckRanges(mount.UidMappings, $"mounts[{i}].uidMappings");
            LinuxValidation.CheckRanges(mount.GidMappings, $"mounts[{i}].gidMappings");
        }
    }

    private static void CheckHooks(HooksConfig hooks)
    {
        CheckHooks(hooks.Prestart, "hooks.prestart");
        CheckHooks(hooks.CreateRuntime, "hooks.createRuntime");
        CheckHooks(hooks.CreateContainer, "hooks.createContainer");
        CheckHooks(hooks.StartContainer, "hooks.startContainer");
        CheckHooks(hooks.Poststart, "hooks.poststart");
        CheckHooks(hooks.Poststop, "hooks.poststop");
    }

    private static void CheckHooks(ImmutableArray<HookConfig> hooks, string field)
    {
        for (int i = 0; i < hooks.Length; i++)
        {
            HookConfig hook = hooks[i];
            Require.That(hook.Path.StartsWith('/'), $"{field}[{i}].path", $"must be an absolute path, not {Require.Quote(hook.Path)}");
            Require.That(hook.Timeout is null or > 0, $"{field}[{i}].timeout", "must be greater than 0");
            for (int variable = 0; variable < hook.Env.Length; variable++)
            {
                Require.That(
                    hook.Env[variable].IndexOf('=', StringComparison.Ordinal) > 0,
                    $"{field}[{i}].env[{variable}]",
                    $"must be NAME=value, not {Require.Quote(hook.Env[variable])}");
            }
        }
    }
}
