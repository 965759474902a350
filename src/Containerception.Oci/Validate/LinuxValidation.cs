using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>linux</c>, without its limits and sysctls.</summary>
internal static class LinuxValidation
{
    // user_namespaces(7): since Linux 4.15.
    private const int MappingsMax = 340;
    private const ulong IdsEnd = 1ul << 32;
    private const uint NanosecondsEnd = 1_000_000_000;
    private const long MajorMax = (1 << 12) - 1;
    private const long MinorMax = (1 << 20) - 1;
    private const uint ModeMax = 0xffff; // st_mode has sixteen bits; the type among them is said by type.

    public static void Check(LinuxConfig linux)
    {
        CheckNamespaces(linux.Namespaces);
        CheckMappings(linux, linux.UidMappings, "linux.uidMappings");
        CheckMappings(linux, linux.GidMappings, "linux.gidMappings");
        CheckTimeOffsets(linux);
        CheckDevices(linux.Devices);
        Require.That(
            linux.CgroupsPath?.Contains('\n', StringComparison.Ordinal) is not true, "linux.cgroupsPath", $"must be on one line");
        Require.Absolute(linux.MaskedPaths, "linux.maskedPaths");
        Require.Absolute(linux.ReadonlyPaths, "linux.readonlyPaths");
        Require.That(
            linux.RootfsPropagation is null or "" or "shared" or "rshared" or "slave" or "rslave"
                or "private" or "rprivate" or "unbindable" or "runbindable",
            "linux.rootfsPropagation",
            $"must be shared, slave, private or unbindable, not {Require.Quote(linux.RootfsPropagation ?? "")}");
        Require.That(
            linux.Personality?.Domain is null or "LINUX" or "LINUX32",
            "linux.personality.domain",
            $"must be LINUX or LINUX32, not {Require.Quote(linux.Personality?.Domain ?? "")}");
        IntelRdtValidation.Check(linux.IntelRdt ?? new IntelRdtConfig());
        if (linux.MemoryPolicy is { } policy)
        {
            MemoryPolicyValidation.Check(policy);
        }

        Require.That(linux.Personality?.Flags.IsEmpty ?? true, "linux.personality.flags", $"the specification knows none");
    }

    /// <summary>The container has a namespace of this type that is not the runtime's: a new or a joined one.</summary>
    public static bool Has(this LinuxConfig linux, string type) => linux.Find(type) is not null;

    private static NamespaceConfig? Find(this LinuxConfig linux, string type)
    {
        foreach (NamespaceConfig ns in linux.Namespaces)
        {
            if (ns.Type == type)
            {
                return ns;
            }
        }

        return null;
    }

    private static void CheckNamespaces(ImmutableArray<NamespaceConfig> namespaces)
    {
        for (int i = 0; i < namespaces.Length; i++)
        {
            NamespaceConfig ns = namespaces[i];
            Require.That(Specification.Namespaces.Contains(ns.Type), $"linux.namespaces[{i}].type", $"no such namespace: {Require.Quote(ns.Type)}");
            Require.That(
                ns.Path is null || ns.Path.StartsWith('/'), $"linux.namespaces[{i}].path", $"must be an absolute path, not {Require.Quote(ns.Path ?? "")}");
            for (int earlier = 0; earlier < i; earlier++)
            {
                Require.That(namespaces[earlier].Type != ns.Type, $"linux.namespaces[{i}].type", $"{ns.Type} is listed twice");
            }
        }
    }

    private static void CheckMappings(LinuxConfig linux, ImmutableArray<IdMapping> mappings, string field)
    {
        NamespaceConfig? user = linux.Find("user");
        Require.That(mappings.IsEmpty || user is not null, field, $"needs a user namespace in linux.namespaces");
        Require.That(!mappings.IsEmpty || user is null or { Path: not null }, field, $"a new user namespace needs at least one");
        CheckRanges(mappings, field);
    }

    /// <summary>What the kernel asks of a map, whatever it is for: user_namespaces(7).</summary>
    public static void CheckRanges(ImmutableArray<IdMapping> mappings, string field)
    {
        Require.That(mappings.Length <= MappingsMax, field, $"the kernel takes at most {MappingsMax}, not {mappings.Length}");
        for (int i = 0; i < mappings.Length; i++)
        {
            IdMapping mapping = mappings[i];
            Require.That(mapping.Size > 0, $"{field}[{i}].size", "must be greater than 0");
            Require.That(
                (ulong)mapping.ContainerId + mapping.Size <= IdsEnd && (ulong)mapping.HostId + mapping.Size <= IdsEnd,
                $"{field}[{i}].size",
                $"{mapping.Size} ids go beyond the last one");
            for (int earlier = 0; earlier < i; earlier++)
            {
                IdMapping other = mappings[earlier];
                Require.That(
                    !Overlap(mapping.ContainerId, mapping.Size, other.ContainerId, other.Size) && !Overlap(mapping.HostId, mapping.Size, other.HostId, other.Size),
                    $"{field}[{i}]",
                    $"overlaps with {field}[{earlier}]");
            }
        }
    }

    private static bool Overlap(ulong first, ulong size, ulong otherFirst, ulong otherSize)
        => first < otherFirst + otherSize && otherFirst < first + size;

    private static void CheckTimeOffsets(LinuxConfig linux)
    {
        foreach ((string clock, TimeOffset offset) in linux.TimeOffsets)
        {
            Require.That(
                linux.Find("time") is { Path: null }, "linux.timeOffsets", $"needs a new time namespace in linux.namespaces");
            Require.That(clock is "monotonic" or "boottime", $"linux.timeOffsets.{clock}", $"must be of the clock monotonic or boottime");
            Require.That(offset.Nanosecs < NanosecondsEnd, $"linux.timeOffsets.{clock}.nanosecs", $"must be below {NanosecondsEnd}, not {offset.Nanosecs}");
        }
    }

    private static void CheckDevices(ImmutableArray<DeviceConfig> devices)
    {
        for (int i = 0; i < devices.Length; i++)
        {
            DeviceConfig device = devices[i];
            Require.That(device.Path.StartsWith('/'), $"linux.devices[{i}].path", $"must be an absolute path, not {Require.Quote(device.Path)}");
            Require.That(
                device.Type is "c" or "b" or "u" or "p", $"linux.devices[{i}].type", $"must be c, b, u or p, not {Require.Quote(device.Type)}");
            Require.That(device.Major is >= 0 and <= MajorMax, $"linux.devices[{i}].major", $"must be from 0 to {MajorMax}, not {device.Major}");
            Require.That(device.Minor is >= 0 and <= MinorMax, $"linux.devices[{i}].minor", $"must be from 0 to {MinorMax}, not {device.Minor}");
            Require.That(device.FileMode is null or <= ModeMax, $"linux.devices[{i}].fileMode", $"must be at most {ModeMax}, not {device.FileMode ?? 0}");
        }
    }
}
