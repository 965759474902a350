using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>linux.resources.devices, with what every container may use: the default devices, its terminals, and tun, as runc adds them.</summary>
internal static class DeviceRules
{
    private static readonly ImmutableArray<DeviceRule> Always =
    [
        Make(null, null, "m", "c"), Make(null, null, "m", "b"),
        Make(1, 3, "rwm"), Make(1, 5, "rwm"), Make(1, 7, "rwm"), Make(1, 8, "rwm"), Make(1, 9, "rwm"), Make(5, 0, "rwm"),
        Make(136, null, "rwm"), Make(5, 2, "rwm"), Make(5, 1, "rwm"), Make(10, 200, "rwm"),
    ];

    public static ImmutableArray<DeviceRule> Complete(ImmutableArray<DeviceRule> rules) => rules.AddRange(Always);

    private static DeviceRule Make(long? major, long? minor, string access, string type = "c")
        => new() { Allow = true, Type = type, Major = major, Minor = minor, Access = access };
}
