using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The sources of bind mounts that the child cannot open itself: because it is somebody else in a user namespace, because their ids are mapped,
/// or because what is mounted below them is to be seen on the host. They are opened before the clone, with the caller's rights, and handed over
/// as descriptors of detached mounts.
/// </summary>
/// <param name="linux">The container's mappings.</param>
/// <param name="privileged">The caller is root in this machine's eyes.</param>
/// <param name="isolated">The container is in another user namespace than the caller: what it mounts must never show on the host.</param>
/// <param name="all">Whether the child can open none itself.</param>
/// <param name="openContainers">Opens the container's user namespace where that is there already.</param>
internal sealed class BindSources(LinuxConfig linux, bool privileged, bool isolated, bool all, Func<SafeFileHandle?> openContainers) : IDisposable
{
    private readonly List<SafeFileHandle> _held = [];
    private readonly Dictionary<string, SafeFileHandle> _namespaces = [];

    /// <summary>Whether this one is for the parent to open.</summary>
    public bool Opens(MountOptions options) => !options.Locked && (all || options.IdMap is not null || IsShared(options));

    /// <summary>A detached copy of the source; it stays ours, and is closed with us.</summary>
    public SafeFileHandle Open(string source, string target, MountOptions options)
    {
        try
        {
            SafeFileHandle tree = NewMounts.OpenTree(Descriptor.WorkingDirectory, source, TreeFlags(options));
            _held.Add(tree);

            // It is a peer of the host's mount still. What is mounted on the one must not appear on the other, but where that is asked for.
            if (!IsShared(options))
            {
                NewMounts.MountSetAttr(tree, recursive: true, new MountAttr { propagation = MountFlags.MS_SLAVE });
            }

            if (options.IdMap is { } map)
            {
                Map(tree, source, target, map);
            }

            return tree;
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"mount {target}: {failure.Message}", Hints.For("open_tree", failure.Errno), failure);
        }
    }

    /// <summary>A new file system, mounted nowhere yet; it stays ours too.</summary>
    public SafeFileHandle Make(MountConfig mount, string target, IEnumerable<(string Key, string? Value)> data)
    {
        try
        {
            using SafeFileHandle context = NewMounts.FsOpen(mount.Type ?? "");
            if (mount.Source is { } source)
            {
                NewMounts.FsConfigSetString(context, "source", source);
            }

            foreach ((string key, string? value) in data)
            {
                if (value is null)
                {
                    NewMounts.FsConfigSetFlag(context, key);
                }
                else
                {
                    NewMounts.FsConfigSetString(context, key, value);
                }
            }

            NewMounts.FsConfigCreate(context);
            SafeFileHandle made = NewMounts.FsMount(context, MountAttributes.None);
            _held.Add(made);
            return made;
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"mount {target}: {failure.Message}", Hints.For(failure.Call.Split('(')[0], failure.Errno), failure);
        }
    }

    public static OpenTreeFlags TreeFlags(MountOptions options)
        => OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC
            | (options.Recursive ? OpenTreeFlags.AT_RECURSIVE : 0) | (options.SourceNoFollow ? OpenTreeFlags.AT_SYMLINK_NOFOLLOW : 0);

    public void Dispose()
    {
        foreach (SafeFileHandle handle in _held)
        {
            handle.Dispose();
        }
    }

    /// <summary>As runc has it, the root must be shared for anything in it to be.</summary>
    private bool IsShared(MountOptions options)
        => !isolated && (linux.RootfsPropagation is "shared" or "rshared") && options.Propagation.TrueForAll(one => one.Kind == MountFlags.MS_SHARED);

    private void Map(SafeFileHandle tree, string source, string target, MountIdMap map)
    {
        SafeFileHandle mappings = Namespace(target, map.Absolute(target, linux));
        try
        {
            NewMounts.MapIds(tree, map.Recursive, mappings);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.Unsupported, $"mount {target}: the ids of {source} cannot be mapped: {failure.Message}", failure.Errno switch
            {
                Errno.EINVAL => "the file system of the source, or with ridmap of a mount below it, does not support ID-mapped mounts in this kernel: chown the files, or use ext4, xfs, btrfs or tmpfs",
                Errno.EPERM => "only root of the user namespace that mounted the file system may map its ids, and a mount's ids are mapped once",
                _ => null,
            }, failure);
        }
    }

    /// <summary>One namespace for all mounts with the same mappings.</summary>
    private SafeFileHandle Namespace(string target, MountIdMap map)
    {
        StringBuilder key = new();
        Append(key.Append('u'), map.Uids);
        Append(key.Append('g'), map.Gids);
        if (!_namespaces.TryGetValue(key.ToString(), out SafeFileHandle? found))
        {
            found = map.IsContainers ? Containers(target) : MappedNamespace.Make(map.Uids, map.Gids, privileged);
            _held.Add(found);
            _namespaces.Add(key.ToString(), found);
        }

        return found;
    }

    private SafeFileHandle Containers(string target)
    {
        if (openContainers() is { } there)
        {
            return there;
        }

        return linux.UidMappings.Length > 0 && linux.GidMappings.Length > 0
            ? MappedNamespace.Make(linux.UidMappings, linux.GidMappings, privileged)
            : throw new ContainerException(
                FailureKind.Invalid, $"mount {target}: \"idmap\" takes the mappings of the container's user namespace, and it has none", "give the mount uidMappings and gidMappings, or the option idmap=uids=…;gids=…");
    }

    private static void Append(StringBuilder key, IEnumerable<IdMapping> mappings)
    {
        foreach (IdMapping mapping in mappings)
        {
            key.Append(CultureInfo.InvariantCulture, $" {mapping.ContainerId} {mapping.HostId} {mapping.Size}");
        }
    }
}
