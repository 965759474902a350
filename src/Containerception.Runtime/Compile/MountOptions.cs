using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>The options of one mount, sorted by who acts on them. mount(8) has their meanings; runtime-spec, config-linux.md, lists them.</summary>
internal sealed class MountOptions
{
    private static readonly ImmutableSortedDictionary<string, (MountAttributes Set, MountAttributes Clear)> AttributeOptions =
        new Dictionary<string, (MountAttributes, MountAttributes)>
        {
            ["ro"] = (MountAttributes.MOUNT_ATTR_RDONLY, 0),
            ["rw"] = (0, MountAttributes.MOUNT_ATTR_RDONLY),
            ["nosuid"] = (MountAttributes.MOUNT_ATTR_NOSUID, 0),
            ["suid"] = (0, MountAttributes.MOUNT_ATTR_NOSUID),
            ["nodev"] = (MountAttributes.MOUNT_ATTR_NODEV, 0),
            ["dev"] = (0, MountAttributes.MOUNT_ATTR_NODEV),
            ["noexec"] = (MountAttributes.MOUNT_ATTR_NOEXEC, 0),
            ["exec"] = (0, MountAttributes.MOUNT_ATTR_NOEXEC),
            ["noatime"] = (MountAttributes.MOUNT_ATTR_NOATIME, MountAttributes.MOUNT_ATTR__ATIME),
            ["atime"] = (0, MountAttributes.MOUNT_ATTR__ATIME),
            ["relatime"] = (0, MountAttributes.MOUNT_ATTR__ATIME),
            ["norelatime"] = (0, MountAttributes.MOUNT_ATTR__ATIME),
            ["strictatime"] = (MountAttributes.MOUNT_ATTR_STRICTATIME, MountAttributes.MOUNT_ATTR__ATIME),
            ["nostrictatime"] = (0, MountAttributes.MOUNT_ATTR__ATIME),
            ["nodiratime"] = (MountAttributes.MOUNT_ATTR_NODIRATIME, 0),
            ["diratime"] = (0, MountAttributes.MOUNT_ATTR_NODIRATIME),
            ["nosymfollow"] = (MountAttributes.MOUNT_ATTR_NOSYMFOLLOW, 0),
            ["symfollow"] = (0, MountAttributes.MOUNT_ATTR_NOSYMFOLLOW),
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    private static readonly ImmutableSortedDictionary<string, (MountFlags Propagation, bool Recursive)> PropagationOptions =
        new Dictionary<string, (MountFlags, bool)>
        {
            ["private"] = (MountFlags.MS_PRIVATE, false),
            ["rprivate"] = (MountFlags.MS_PRIVATE, true),
            ["slave"] = (MountFlags.MS_SLAVE, false),
            ["rslave"] = (MountFlags.MS_SLAVE, true),
            ["shared"] = (MountFlags.MS_SHARED, false),
            ["rshared"] = (MountFlags.MS_SHARED, true),
            ["unbindable"] = (MountFlags.MS_UNBINDABLE, false),
            ["runbindable"] = (MountFlags.MS_UNBINDABLE, true),
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Options of the superblock that fsconfig(2) takes as flags.</summary>
    private static readonly ImmutableArray<string> SuperblockFlags = ["async", "dirsync", "iversion", "lazytime", "mand", "noiversion", "nolazytime", "nomand", "silent", "loud", "sync", "acl", "noacl"];

    private static readonly ImmutableArray<string> Unsupported = ["tmpcopyup", "idmap", "ridmap", "copy-symlink", "src-nofollow", "dest-nofollow"];

    /// <summary>Every option that is understood beyond the file systems' own, sorted; <c>features</c> lists them.</summary>
    public static ImmutableArray<string> Known { get; } =
    [
        .. AttributeOptions.Keys.Concat(AttributeOptions.Keys.Select(name => "r" + name)).Concat(PropagationOptions.Keys).Concat(SuperblockFlags)
            .Concat(["bind", "rbind", "defaults", "remount"]).Order(StringComparer.Ordinal),
    ];

    public bool Bind { get; private set; }

    public bool Recursive { get; private set; }

    public bool Remount { get; private set; }

    public MountAttributes Set { get; private set; }

    public MountAttributes Clear { get; private set; }

    /// <summary>The attributes of "rro", "rnosuid" …: of every mount below too.</summary>
    public MountAttributes RecursiveSet { get; private set; }

    public MountAttributes RecursiveClear { get; private set; }

    public MountFlags Propagation { get; private set; }

    public bool PropagationRecursive { get; private set; }

    /// <summary>What goes to the file system: (key, value), or (key, null) for a flag.</summary>
    public List<(string Key, string? Value)> Data { get; } = [];

    public static MountOptions Parse(MountConfig mount)
    {
        MountOptions options = new() { Bind = mount.Type == "bind" };
        foreach (string option in mount.Options)
        {
            options.Add(mount, option);
        }

        return options;
    }

    private void Add(MountConfig mount, string option)
    {
        switch (option)
        {
            case "" or "defaults":
                return;
            case "bind":
                Bind = true;
                return;
            case "rbind":
                Bind = Recursive = true;
                return;
            case "remount":
                Remount = true;
                return;
        }

        if (Unsupported.Contains(option) || option.StartsWith("idmap=", StringComparison.Ordinal) || option.StartsWith("ridmap=", StringComparison.Ordinal))
        {
            throw new ContainerException(FailureKind.Unsupported, $"mount {mount.Destination}: the option \"{option}\" is not supported by this version");
        }

        if (AttributeOptions.TryGetValue(option, out (MountAttributes Set, MountAttributes Clear) own))
        {
            // The later one of "ro" and "rw" holds.
            Clear = (Clear | own.Clear) & ~(own.Set & ~MountAttributes.MOUNT_ATTR__ATIME);
            Set = (Set & ~own.Clear) | own.Set;
        }
        else if (option.Length > 1 && option[0] == 'r' && AttributeOptions.TryGetValue(option[1..], out (MountAttributes Set, MountAttributes Clear) all))
        {
            RecursiveClear = (RecursiveClear | all.Clear) & ~(all.Set & ~MountAttributes.MOUNT_ATTR__ATIME);
            RecursiveSet = (RecursiveSet & ~all.Clear) | all.Set;
        }
        else if (PropagationOptions.TryGetValue(option, out (MountFlags Propagation, bool Recursive) propagation))
        {
            (Propagation, PropagationRecursive) = propagation;
        }
        else
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            Data.Add(equals < 0 ? (option, null) : (option[..equals], option[(equals + 1)..]));
        }
    }
}
