using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>The options of one mount, sorted by who acts on them. mount(8) has their meanings; runtime-spec, config-linux.md, lists them.</summary>
internal sealed class MountOptions
{
    private static readonly (string Name, MountAttributes Set, MountAttributes Clear)[] AttributeOptions =
    [
        ("ro", MountAttributes.MOUNT_ATTR_RDONLY, 0),
        ("rw", 0, MountAttributes.MOUNT_ATTR_RDONLY),
        ("nosuid", MountAttributes.MOUNT_ATTR_NOSUID, 0),
        ("suid", 0, MountAttributes.MOUNT_ATTR_NOSUID),
        ("nodev", MountAttributes.MOUNT_ATTR_NODEV, 0),
        ("dev", 0, MountAttributes.MOUNT_ATTR_NODEV),
        ("noexec", MountAttributes.MOUNT_ATTR_NOEXEC, 0),
        ("exec", 0, MountAttributes.MOUNT_ATTR_NOEXEC),
        ("noatime", MountAttributes.MOUNT_ATTR_NOATIME, MountAttributes.MOUNT_ATTR__ATIME),
        ("atime", 0, MountAttributes.MOUNT_ATTR__ATIME),
        ("relatime", 0, MountAttributes.MOUNT_ATTR__ATIME),
        ("norelatime", 0, MountAttributes.MOUNT_ATTR__ATIME),
        ("strictatime", MountAttributes.MOUNT_ATTR_STRICTATIME, MountAttributes.MOUNT_ATTR__ATIME),
        ("nostrictatime", 0, MountAttributes.MOUNT_ATTR__ATIME),
        ("nodiratime", MountAttributes.MOUNT_ATTR_NODIRATIME, 0),
        ("diratime", 0, MountAttributes.MOUNT_ATTR_NODIRATIME),
        ("nosymfollow", MountAttributes.MOUNT_ATTR_NOSYMFOLLOW, 0),
        ("symfollow", 0, MountAttributes.MOUNT_ATTR_NOSYMFOLLOW),
    ];

    private static readonly (string Name, MountFlags Kind, bool Recursive)[] PropagationOptions =
    [
        ("private", MountFlags.MS_PRIVATE, false),
        ("rprivate", MountFlags.MS_PRIVATE, true),
        ("slave", MountFlags.MS_SLAVE, false),
        ("rslave", MountFlags.MS_SLAVE, true),
        ("shared", MountFlags.MS_SHARED, false),
        ("rshared", MountFlags.MS_SHARED, true),
        ("unbindable", MountFlags.MS_UNBINDABLE, false),
        ("runbindable", MountFlags.MS_UNBINDABLE, true),
    ];

    /// <summary>
    /// What every mount does unless it is told otherwise, or, "silent" and "loud", what decides only where mount(2) would leave its messages:
    /// of fsconfig(2) they go to us alone. There is nothing to be done.
    /// </summary>
    private static readonly ImmutableArray<string> Nothings = ["defaults", "async", "rasync", "loud", "silent", "noiversion", "nolazytime", "nomand", "rnomand"];

    /// <summary>Options of a superblock that every file system has. A bind shares that of its source, and cannot have its own.</summary>
    private static readonly ImmutableArray<string> SuperblockFlags = ["acl", "dirsync", "iversion", "lazytime", "mand", "noacl", "sync"];

    /// <summary>crun lists them; what they would change is no attribute of a mount, but of the file system, which has other users.</summary>
    private static readonly ImmutableArray<string> Impossible = ["rsync", "rdirsync", "rmand"];

    /// <summary>Every option that is understood beyond the file systems' own, sorted; <c>features</c> lists them.</summary>
    public static ImmutableArray<string> Known()
    {
        IEnumerable<string> attributes = AttributeOptions.Select(one => one.Name);
        return
        [
            .. attributes.Concat(attributes.Select(name => "r" + name)).Concat(PropagationOptions.Select(one => one.Name)).Concat(SuperblockFlags).Concat(Nothings)
                .Concat(["bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup", "copy-symlink", "src-nofollow", "dest-nofollow", "locked"]).Order(StringComparer.Ordinal),
        ];
    }

    public bool Bind { get; private set; }

    public bool Recursive { get; private set; }

    public bool Remount { get; private set; }

    public MountAttributes Set { get; private set; }

    public MountAttributes Clear { get; private set; }

    /// <summary>The attributes of "rro", "rnosuid" …: of every mount below too.</summary>
    public MountAttributes RecursiveSet { get; private set; }

    public MountAttributes RecursiveClear { get; private set; }

    /// <summary>Of a mount with none below it, as a new one is: there "rro" is "ro", and the later word.</summary>
    public MountAttributes SetAlone => (Set & ~RecursiveClear) | RecursiveSet;

    /// <summary>In their order: a slave that is then shared is both.</summary>
    public List<(MountFlags Kind, bool Recursive)> Propagation { get; } = [];

    /// <summary>What goes to the file system: (key, value), or (key, null) for a flag.</summary>
    public List<(string Key, string? Value)> Data { get; } = [];

    /// <summary>Whose the files look; null for whose they are.</summary>
    public MountIdMap? IdMap { get; private set; }

    /// <summary>The tmpfs begins with what it hides.</summary>
    public bool CopyUp { get; private set; }

    /// <summary>A source that is a symbolic link is made again in the container.</summary>
    public bool CopySymlink { get; private set; }

    /// <summary>A source that is a symbolic link is mounted itself.</summary>
    public bool SourceNoFollow { get; private set; }

    /// <summary>
    /// Ours alone: the container's process takes the source from its own copy of the caller's mounts. Where it has a user namespace the kernel has locked
    /// in that copy what is read-only, and its root cannot make it writable. He must be able to reach the source. mount_namespaces(7).
    /// </summary>
    public bool Locked { get; private set; }

    /// <summary>A target that is a symbolic link is mounted on itself.</summary>
    public bool TargetNoFollow { get; private set; }

    public static MountOptions Parse(MountConfig mount)
    {
        MountOptions options = new() { Bind = mount.Type == "bind" };
        foreach (string option in mount.Options)
        {
            options.Add(mount, option);
        }

        if (mount.UidMappings.Length + mount.GidMappings.Length > 0)
        {
            options.IdMap = new MountIdMap(options.IdMap?.Recursive ?? false, mount.UidMappings, mount.GidMappings);
        }

        options.Check(mount);
        return options;
    }

    private void Add(MountConfig mount, string option)
    {
        switch (option)
        {
            case "":
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
            case "tmpcopyup":
                CopyUp = true;
                return;
            case "copy-symlink":
                CopySymlink = true;
                return;
            case "locked":
                Locked = true;
                return;
            case "src-nofollow":
                SourceNoFollow = true;
                return;
            case "dest-nofollow":
                TargetNoFollow = true;
                return;
        }

        if (MountIdMap.TryParse(mount.Destination, option) is { } map)
        {
            IdMap = map;
        }
        else if (Impossible.Contains(option))
        {
            throw new ContainerException(
                FailureKind.Unsupported, $"mount {mount.Destination}: the kernel cannot do \"{option}\": it belongs to a file system, not to its mounts", "give the option without \"r\" to the mount that makes the file system");
        }
        else if (TryFindAttribute(option) is { } own)
        {
            // The later one of "ro" and "rw" holds.
            Clear = (Clear | own.Clear) & ~(own.Set & ~MountAttributes.MOUNT_ATTR__ATIME);
            Set = (Set & ~own.Clear) | own.Set;
        }
        else if (option[0] == 'r' && TryFindAttribute(option.AsSpan(1)) is { } all)
        {
            RecursiveClear = (RecursiveClear | all.Clear) & ~(all.Set & ~MountAttributes.MOUNT_ATTR__ATIME);
            RecursiveSet = (RecursiveSet & ~all.Clear) | all.Set;
        }
        else if (TryFindPropagation(option) is { } propagation)
        {
            Propagation.Add(propagation);
        }
        else if (!Nothings.Contains(option))
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            Data.Add(equals < 0 ? (option, null) : (option[..equals], option[(equals + 1)..]));
        }
    }

    private static (MountAttributes Set, MountAttributes Clear)? TryFindAttribute(ReadOnlySpan<char> option)
    {
        foreach ((string name, MountAttributes set, MountAttributes clear) in AttributeOptions)
        {
            if (option.SequenceEqual(name))
            {
                return (set, clear);
            }
        }

        return null;
    }

    private static (MountFlags Kind, bool Recursive)? TryFindPropagation(string option)
    {
        foreach ((string name, MountFlags kind, bool isRecursive) in PropagationOptions)
        {
            if (option == name)
            {
                return (kind, isRecursive);
            }
        }

        return null;
    }

    private void Check(MountConfig mount)
    {
        if (!Bind && !Remount && mount.Type != "proc" && Compilation.Clean(mount.Destination) == "/proc")
        {
            throw Refused(mount, $"only type proc may be mounted there, not \"{mount.Type}\": it would fake what the kernel says (CVE-2019-16884)", null);
        }

        if (Bind && Data.Count > 0)
        {
            string name = Data[0].Key;
            throw SuperblockFlags.Contains(name)
                ? Refused(mount, $"\"{name}\" cannot be set for a bind mount: it belongs to the file system of the source", "set it where that file system is mounted")
                : Refused(mount, $"unknown option \"{name}\" for a bind mount", null);
        }

        if (CopyUp && (Bind || Remount || mount.Type != "tmpfs"))
        {
            throw Refused(mount, "\"tmpcopyup\" fills a new tmpfs, and nothing else", null);
        }

        if ((CopySymlink || SourceNoFollow) && (!Bind || Remount))
        {
            throw Refused(mount, $"\"{(CopySymlink ? "copy-symlink" : "src-nofollow")}\" is for bind mounts: only they have a source that may be a link", null);
        }

        if (Locked && (!Bind || Remount || IdMap is not null))
        {
            throw Refused(mount, "\"locked\" is for bind mounts whose ids are not mapped: what it takes is what the caller has mounted", null);
        }

        if (IdMap is not null && (!Bind || Remount))
        {
            throw Refused(mount, "only a bind mount can be ID-mapped: the kernel maps a mount's ids once, before it is attached", "mount the file system on the host and bind it");
        }
    }

    private static ContainerException Refused(MountConfig mount, string what, string? hint)
        => new(FailureKind.Invalid, $"mount {mount.Destination}: {what}", hint);
}
