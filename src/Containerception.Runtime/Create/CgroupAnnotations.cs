using System.Collections.Immutable;
using Containerception.Cgroups;

namespace Containerception.Runtime;

/// <summary>What annotations say of the container's groups. They are runc's and crun's own words.</summary>
/// <param name="Properties">Of the unit: <c>org.systemd.property.*</c>.</param>
/// <param name="Subgroup">A group below the scope's, for the processes: <c>run.oci.systemd.subgroup</c>.</param>
internal sealed record CgroupAnnotations(IReadOnlyList<UnitProperty> Properties, string Subgroup)
{
    private const string SubgroupKey = "run.oci.systemd.subgroup";
    private static readonly ImmutableArray<string> Unsupported = ["run.oci.delegate-cgroup", "run.oci.systemd.force_cgroup_v1"];

    public static CgroupAnnotations Read(ImmutableSortedDictionary<string, string> annotations, CgroupManager manager)
    {
        foreach (string key in Unsupported)
        {
            if (annotations.ContainsKey(key))
            {
                throw new ContainerException(FailureKind.Unsupported, $"annotations[\"{key}\"] is not supported");
            }
        }

        // They are for systemd, and without it nobody asked.
        return manager == CgroupManager.Systemd
            ? new(UnitProperty.FromAnnotations(annotations), annotations.GetValueOrDefault(SubgroupKey, ""))
            : new([], "");
    }
}
