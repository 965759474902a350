using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>What annotations say of the container's groups. But for the last they are runc's and crun's own words.</summary>
/// <param name="Properties">Of the unit: <c>org.systemd.property.*</c>.</param>
/// <param name="Subgroup">A group below the scope's, for the processes; empty for none.</param>
/// <param name="Inner">A group below the container's, which is the container's own to divide; null for none.</param>
internal sealed record CgroupAnnotations(IReadOnlyList<UnitProperty> Properties, string Subgroup, string? Inner)
{
    // Those of systemd are for systemd, and without it nobody asked.
    public static CgroupAnnotations Read(ImmutableSortedDictionary<string, string> annotations, CgroupManager manager)
    {
        string? inner = annotations.GetValueOrDefault(RuntimeAnnotations.InnerCgroup);
        if (manager != CgroupManager.Systemd)
        {
            return new([], "", inner);
        }

        return inner is null
            ? new(UnitProperty.FromAnnotations(annotations), annotations.GetValueOrDefault(RuntimeAnnotations.SystemdSubgroup, ""), Inner: null)
            : throw new ConfigException("annotations." + RuntimeAnnotations.InnerCgroup, "is not supported for groups that systemd makes");
    }
}
