using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Which namespaces are made and which are joined, and whether one clone can do it.</summary>
internal sealed class NamespacePlan
{
    private NamespacePlan(CloneFlags made, IReadOnlyList<(CloneFlags Type, string Path)> joined)
    {
        Made = made;
        Joined = joined;
        All = made;
        foreach ((CloneFlags type, _) in joined)
        {
            All |= type;
        }
    }

    /// <summary>The new ones.</summary>
    public CloneFlags Made { get; }

    /// <summary>The ones that are there already, by path.</summary>
    public IReadOnlyList<(CloneFlags Type, string Path)> Joined { get; }

    /// <summary>All that differ from the caller's.</summary>
    public CloneFlags All { get; }

    /// <summary>
    /// A child that clones the real one. A time namespace, and a pid namespace joined after a user namespace, are only for children; what is
    /// made must belong to the user namespace that is joined first; and from a pid namespace that it joins only who has rights over its own
    /// comes back to run the hooks, which root of a user namespace may not have: pid_namespaces(7).
    /// </summary>
    public bool NeedsTwoClones => Made.HasFlag(CloneFlags.CLONE_NEWTIME)
        || Joins(CloneFlags.CLONE_NEWTIME)
        || Joins(CloneFlags.CLONE_NEWUSER)
        || (Makes(CloneFlags.CLONE_NEWUSER) && Joined.Count > 0)
        || (Joins(CloneFlags.CLONE_NEWPID) && !Namespaces.IsInitialUser);

    public bool Makes(CloneFlags type) => (Made & type) != 0;

    public bool Joins(CloneFlags type) => (All & ~Made & type) != 0;

    public bool Has(CloneFlags type) => (All & type) != 0;

    /// <summary>The namespace of this type that is joined; null when there is none.</summary>
    public SafeFileHandle? OpenJoined(CloneFlags type)
    {
        foreach ((CloneFlags joined, string path) in Joined)
        {
            if (joined == type)
            {
                return Open(path);
            }
        }

        return null;
    }

    /// <summary>Opens a namespace of the configuration.</summary>
    public static SafeFileHandle Open(string path)
    {
        try
        {
            return Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"linux.namespaces: cannot join {path}: {failure.Message}", cause: failure);
        }
    }

    public static NamespacePlan Of(LinuxConfig linux)
    {
        CloneFlags made = 0;
        List<(CloneFlags, string)> joined = [];
        foreach (NamespaceConfig item in linux.Namespaces)
        {
            CloneFlags type = TypeOf(item.Type);
            if (item.Path is { Length: > 0 } path)
            {
                joined.Add((type, path));
            }
            else
            {
                made |= type;
            }
        }

        return new NamespacePlan(made, joined);
    }

    /// <summary>The name of /proc/PID/ns.</summary>
    public static string FileOf(CloneFlags type) => type switch
    {
        CloneFlags.CLONE_NEWPID => "pid",
        CloneFlags.CLONE_NEWNET => "net",
        CloneFlags.CLONE_NEWNS => "mnt",
        CloneFlags.CLONE_NEWIPC => "ipc",
        CloneFlags.CLONE_NEWUTS => "uts",
        CloneFlags.CLONE_NEWUSER => "user",
        CloneFlags.CLONE_NEWCGROUP => "cgroup",
        CloneFlags.CLONE_NEWTIME => "time",
        _ => throw new ContainerException(FailureKind.Invalid, $"no namespace is called {type}"),
    };

    /// <summary>The type that the configuration calls so.</summary>
    public static CloneFlags TypeOf(string name) => name switch
    {
        "pid" => CloneFlags.CLONE_NEWPID,
        "network" => CloneFlags.CLONE_NEWNET,
        "mount" => CloneFlags.CLONE_NEWNS,
        "ipc" => CloneFlags.CLONE_NEWIPC,
        "uts" => CloneFlags.CLONE_NEWUTS,
        "user" => CloneFlags.CLONE_NEWUSER,
        "cgroup" => CloneFlags.CLONE_NEWCGROUP,
        "time" => CloneFlags.CLONE_NEWTIME,
        _ => throw new ContainerException(FailureKind.Invalid, $"linux.namespaces: unknown type \"{name}\""),
    };
}
