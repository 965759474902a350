using System.Collections.Immutable;
using System.Globalization;
using Containerception.Oci;

namespace Containerception.Cgroups;

/// <summary>The limits on RDMA devices, whose file is the same in both versions. Documentation/admin-guide/cgroup-v1/rdma.rst of the kernel.</summary>
internal static class RdmaLimit
{
    public static void AddTo(List<CgroupWrite> plan, ImmutableSortedDictionary<string, RdmaLimits> devices)
    {
        if (devices.Count > 0)
        {
            plan.Add(new("rdma", "rdma", "rdma.max", [.. devices.Select(device => Line(device.Key, device.Value))]));
        }
    }

    // What is not named keeps its limit.
    private static string Line(string device, RdmaLimits limits)
        => device
            + (limits.HcaHandles is { } handles ? string.Create(CultureInfo.InvariantCulture, $" hca_handle={handles}") : "")
            + (limits.HcaObjects is { } objects ? string.Create(CultureInfo.InvariantCulture, $" hca_object={objects}") : "");
}
