using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>linux.resources.devices, with what every container may use: the default devices, its terminals, and tun, as runc adds them.</summary>
internal static class DeviceRules
{
    private const string Controller = "devices";

    private static readonly ImmutableArray<DeviceRule> Always =
    [
        Make(null, null, "m", "c"), Make(null, null, "m", "b"),
        Make(1, 3, "rwm"), Make(1, 5, "rwm"), Make(1, 7, "rwm"), Make(1, 8, "rwm"), Make(1, 9, "rwm"), Make(5, 0, "rwm"),
        Make(136, null, "rwm"), Make(5, 2, "rwm"), Make(5, 1, "rwm"), Make(10, 200, "rwm"),
    ];

    /// <summary>The resources with rules that are whole. A document without any rule forbids the rest all the same, as runc has it, where one could do harm.</summary>
    public static LinuxResources? Complete(LinuxConfig linux, CgroupManager manager, CgroupLayout layout)
        => linux.Resources is { Devices.Length: > 0 } || MustForbid(linux, manager, layout)
            ? (linux.Resources ?? new()) with { Devices = (linux.Resources?.Devices ?? []).AddRange(Always) }
            : linux.Resources;

    // In a user namespace nobody makes a device node, nor opens one that is made.
    private static bool MustForbid(LinuxConfig linux, CgroupManager manager, CgroupLayout layout)
        => manager != CgroupManager.Disabled
            && Credentials.EffectiveUid == 0
            && Namespaces.IsInitialUser
            && !NamespacePlan.Of(linux).Has(CloneFlags.CLONE_NEWUSER)
            && (layout.Mode == CgroupMode.Unified || layout.Find(Controller) is not null);

    private static DeviceRule Make(long? major, long? minor, string access, string type = "c")
        => new() { Allow = true, Type = type, Major = major, Minor = minor, Access = access };
}
