using System.Collections.Immutable;
using System.Text;
using Containerception.Oci;

namespace Containerception.Cli;

/// <summary>docs/support.md: the document of <c>features</c>, for readers.</summary>
internal static class SupportPage
{
    public static string Write()
    {
        Features features = SupportedFeatures.Describe();
        StringBuilder text = new();
        text.Append("# What ception supports\n\n");
        text.Append($"Written by the program itself (`make docs`), from what `{Program.Name} features` tells its callers. What a machine's kernel lacks is refused there, ");
        text.Append("by the name of the field: the last table says what that takes. Beside other runtimes: [comparison.md](comparison.md).\n\n");
        text.Append($"Configurations of the runtime-spec {features.OciVersionMin} to {features.OciVersionMax} are read.\n");
        Append(text, "Hooks", features.Hooks);
        Append(text, "Namespaces", features.Namespaces);
        Append(text, "Options of mounts", features.MountOptions);
        Append(text, "Capabilities", Specification.Capabilities);
        Append(text, "Memory policies", [.. features.MemoryPolicyModes, .. features.MemoryPolicyFlags]);
        Append(text, "Seccomp: actions", features.SeccompActions);
        Append(text, "Seccomp: operators", features.SeccompOperators);
        Append(text, "Seccomp: architectures", features.SeccompArchitectures);
        Append(text, "Seccomp: flags", features.SeccompKnownFlags);
        Append(text, "Annotations that change what is done, and that an engine does not let its users set", features.PotentiallyUnsafeConfigAnnotations);
        AppendSwitches(text, features);
        AppendNeeds(text);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string title, ImmutableArray<string> names)
        => text.Append($"\n## {title}\n\n").AppendJoin(", ", names.Select(name => $"`{name}`")).Append('\n');

    private static void AppendSwitches(StringBuilder text, Features features)
    {
        text.Append("\n## Parts of the kernel\n\n| | |\n|---|---|\n");
        foreach ((string name, bool supported) in ((string, bool)[])
        [
            ("cgroup v1, and v1 beside v2", features.CgroupV1), ("cgroup v2", features.CgroupV2), ("cgroups by systemd", features.CgroupSystemd),
            ("cgroups by a user's systemd", features.CgroupSystemdUser), ("the rdma controller", features.CgroupRdma), ("AppArmor", features.Apparmor),
            ("SELinux", features.Selinux), ("Intel RDT", features.IntelRdt), ("ID-mapped mounts", features.IdMappedMounts), ("network devices moved in", features.NetDevices),
        ])
        {
            text.Append($"| {name} | {(supported ? "yes" : "no")} |\n");
        }
    }

    private static void AppendNeeds(StringBuilder text)
    {
        text.Append("\n## What a machine must have\n\n| for | it takes | without it |\n|---|---|---|\n");
        foreach (KernelNeed need in KernelNeed.All)
        {
            text.Append($"| {need.For} | {need.Takes} | {need.Without} |\n");
        }
    }
}
