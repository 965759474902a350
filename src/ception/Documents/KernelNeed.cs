using System.Collections.Immutable;

namespace Containerception.Cli;

/// <summary>Something that not every machine can do.</summary>
/// <param name="For">The part of a configuration, or the command.</param>
/// <param name="Takes">What the machine must have.</param>
/// <param name="Without">What is said or done where it has not.</param>
internal sealed record KernelNeed(string For, string Takes, string Without)
{
    private const string Refused = "refused, by the name of the field";

    public static ImmutableArray<KernelNeed> All { get; } =
    [
        new("anything", "Linux 5.14", "an error names the system call"),
        new("`linux.namespaces` of type `time`, `linux.timeOffsets`", "CONFIG_TIME_NS", Refused),
        new("`linux.memoryPolicy`", "CONFIG_NUMA", Refused),
        new("`linux.intelRdt`", "a CPU with RDT, and resctrl mounted", Refused),
        new("`process.apparmorProfile`", "AppArmor switched on, and the profile loaded", Refused),
        new("`process.selinuxLabel`, `linux.mountLabel`", "SELinux switched on", Refused),
        new("`linux.resources`, each part", "the controller, in v1 or v2, and the right to use it", Refused),
        new("`--systemd-cgroup`", "a running systemd, and its bus", "an error names the bus that was tried"),
        new("mappings of a mount", "a file system that takes them (not nfs, nor overlayfs before Linux 5.19)", Refused),
        new("`linux.seccomp` with `SCMP_ACT_NOTIFY`", "Linux 5.0", "the kernel refuses the filter"),
        new("`checkpoint`, `restore`", "a later version", "refused"),
    ];
}
