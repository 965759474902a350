using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>What annotations say of the container's groups. They are runc's and crun's own words.</summary>
/// <param name="Properties">Of the unit: <c>org.systemd.property.*</c>.</param>
/// <param name="Subgroup">A group below the scope's, for the processes; empty for none.</param>
internal sealed record CgroupAnnotations(IReadOnlyList<UnitProperty> Properties, string Subgroup)
{
    // They are for systemd, and without it nobody asked.
    public static CgroupAnnotations Read(ImmutableSortedDictionary<string, string> annotations, CgroupManager manager)
        => manager == CgroupManager.Systemd
            ? new(UnitProperty.FromAnnotations(annotations), annotations.GetValueOrDefault(RuntimeAnnotations.SystemdSubgroup, ""))
            : new([], "");
}
