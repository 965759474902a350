using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Containerception.Seccomp;

namespace Containerception.Cli;

/// <summary>What <c>features</c> says: gathered from the parts that know it.</summary>
internal static class SupportedFeatures
{
    private const int NumberBytesMax = 64;

    public static Features Describe() => new()
    {
        OciVersionMin = Specification.VersionMin,
        OciVersionMax = Specification.VersionMax,
        Hooks = Specification.Hooks,
        MountOptions = ContainerRuntime.MountOptionNames,
        Namespaces = Specification.Namespaces,
        Capabilities = [.. Specification.Capabilities.Take(LastCapability() + 1)],
        IdMappedMounts = true,
        NetDevices = true,
        CgroupV1 = true,
        CgroupV2 = true,
        CgroupRdma = true,
        IntelRdt = true,
        CgroupSystemd = true,
        CgroupSystemdUser = true,
        SeccompActions = SeccompNames.Actions,
        SeccompOperators = SeccompNames.Operators,
        SeccompArchitectures = SeccompNames.Architectures,
        SeccompKnownFlags = SeccompNames.Flags,
        SeccompSupportedFlags = SeccompNames.SupportedFlags,
        Apparmor = true,
        Selinux = true,
        MemoryPolicyModes = Specification.MemoryPolicyModes,
        MemoryPolicyFlags = Specification.MemoryPolicyFlags,
        Annotations = ImmutableSortedDictionary<string, string>.Empty
            .Add("io.github.seccomp.libseccomp.version", SeccompNames.LibraryVersion)
            .Add("org.opencontainers.runc.checkpoint.enabled", "false")
            // features.md asks third parties for the version of runc that they stand in for.
            .Add("org.opencontainers.runc.version", "1.3.0"),
        PotentiallyUnsafeConfigAnnotations = ["bundle", "containerception.", "org.systemd.property.", "run.oci."],
    };

    // A kernel older than the newest name does not know it.
    private static int LastCapability()
        => int.Parse(FileContents.ReadText(Descriptor.WorkingDirectory, "/proc/sys/kernel/cap_last_cap", NumberBytesMax), CultureInfo.InvariantCulture);
}
