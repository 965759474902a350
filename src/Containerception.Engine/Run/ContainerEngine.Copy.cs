using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>Copies files of a container to the host, by docker's rules of where they go.</summary>
    /// <returns>How many bytes an archive of them would have.</returns>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or the source does not fit the target.</exception>
    public long CopyOut(string container, string path, string target, CopyRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return InFilesOf(container, "archive-path", (name, root, config) =>
        {
            using CopySource source = new CopyPlace(root, name).OpenSource(Absolute(path), request.FollowsLink);
            using CopyTarget place = new CopyPlace(Descriptor.WorkingDirectory, name: null).OpenTarget(target, source);
            (uint Uid, uint Gid) caller = (Linux.Credentials.EffectiveUid, Linux.Credentials.EffectiveGid);
            return Copy(source, place, new TreeCopy(
                status => request.KeepsOwners ? (Inside(config.Linux?.UidMappings ?? [], status.Uid), Inside(config.Linux?.GidMappings ?? [], status.Gid)) : caller,
                isTrusted: false));
        });
    }

    /// <summary>Writes files of a container as a tar archive.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public void CopyOut(string container, string path, Stream archive, CopyRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        InFilesOf(container, "archive-path", (name, root, config) =>
        {
            using CopySource source = new CopyPlace(root, name).OpenSource(Absolute(path), request.FollowsLink);
            IdMapping? range = config.Linux?.UidMappings.FirstOrDefault();
            new TreeArchiver(TreeUse.FileSystem, range?.HostId ?? 0).Write(source.File, source.Name ?? ".", archive);
            return 0;
        });
    }

    /// <summary>Copies files of the host into a container.</summary>
    /// <inheritdoc cref="CopyOut(string, string, string, CopyRequest)"/>
    public long CopyIn(string source, string container, string path, CopyRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return InFilesOf(container, "extract-to-dir", (name, root, config) =>
        {
            using CopySource files = new CopyPlace(Descriptor.WorkingDirectory, name: null).OpenSource(source, request.FollowsLink);
            using CopyTarget place = new CopyPlace(root, name).OpenTarget(Absolute(path), files);
            return Copy(files, place, new TreeCopy(
                status => (
                    Outside(config.Linux?.UidMappings ?? [], request.KeepsOwners ? status.Uid : 0),
                    Outside(config.Linux?.GidMappings ?? [], request.KeepsOwners ? status.Gid : 0)),
                isTrusted: true));
        });
    }

    /// <summary>Unpacks a tar archive, compressed or not, into a directory of a container. Owners are the archive's, by their numbers.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or the path is no directory.</exception>
    /// <exception cref="ImageException">The archive is damaged or cut off: nothing was copied.</exception>
    public void CopyIn(Stream archive, string container, string path)
    {
        _ = InFilesOf(container, "extract-to-dir", (name, root, config) =>
        {
            using CopyTarget place = new CopyPlace(root, name).OpenDirectory(Absolute(path));
            (string unpacked, SafeFileHandle files) = Images.Layers.SpoolFiles(archive);
            using SafeFileHandle held = files;
            using Undo undo = new();
            undo.Add(() => FileTrees.Remove(unpacked));
            TreeCopy copy = new(
                status => (Outside(config.Linux?.UidMappings ?? [], status.Uid), Outside(config.Linux?.GidMappings ?? [], status.Gid)), isTrusted: true);
            copy.CopyContents(files, place.Directory);
            return copy.ArchiveBytes;
        });
    }

    private static long Copy(CopySource source, CopyTarget place, TreeCopy copy)
    {
        if (source.IsDirectory && place.Name is null)
        {
            copy.CopyContents(source.File, place.Directory);
        }
        else
        {
            copy.Copy(source.File, place.Directory, place.Name ?? throw EngineException.Invalid("the target has no name"));
        }

        return copy.ArchiveBytes;
    }

    // Work on the files as the container sees them, volumes and all: those of its first process while it runs. Nothing of the container is
    // executed, and nothing of it is loaded (CVE-2019-14271).
    private long InFilesOf(string container, string action, Func<string, SafeFileHandle, RuntimeConfig, long> work)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        long bytes = InFilesOf(container, definition, work);
        Note(action, definition);
        return bytes;
    }

    private long InFilesOf(string container, ContainerDefinition definition, Func<string, SafeFileHandle, RuntimeConfig, long> work)
    {
        string directory = _store.PathOf(definition.Id);
        RuntimeConfig config = RuntimeConfig.Read(Path.Join(directory, "config.json"));
        string name = $"container {container}";
        using SafeFileHandle? running = TryOpenRunning(directory);
        if (running is not null)
        {
            return work(name, running, config);
        }

        // While this is held nobody starts it.
        using ContainerDirectory? taken = ContainerDirectory.TryTake(directory);
        return taken is not null
            ? InFilesOfEnded(name, taken, definition, config, work)
            : throw new EngineException(FailureKind.Conflict, $"the {name} starts or ends at this moment", "try again");
    }

    private long InFilesOfEnded(
        string name, ContainerDirectory directory, ContainerDefinition definition, RuntimeConfig config, Func<string, SafeFileHandle, RuntimeConfig, long> work)
    {
        if (definition.Root.Kind == "host" || definition.Root.Overlay)
        {
            throw new EngineException(
                FailureKind.Unsupported, $"the {name} does not run, and its files went with its end", "copy while it runs, or keep files in a volume");
        }

        RootPlan plan = PlanRoot(directory, definition);
        using SafeFileHandle? tree = plan.Tree;
        return NamespaceThread.Run(() =>
        {
            if (plan.Steps.IsEmpty)
            {
                Mounts.BeginPrivate();
            }

            Play(plan.Steps, directory);
            using SafeFileHandle root = Files.Open(plan.Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            foreach (ContainerMount mount in new ContainerMounts(_options.RootDirectory).Of(config))
            {
                Show(mount, root);
            }

            return work(name, root, config);
        });
    }

    // As the runtime would at the start; a place that is not there yet has no files to be copied.
    private static void Show(ContainerMount mount, SafeFileHandle root)
    {
        using SafeFileHandle? place = Files.TryOpenAt2(
            root, mount.Destination, OpenFlags.O_PATH, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        if (place is null || !Path.Exists(mount.Source))
        {
            return;
        }

        using SafeFileHandle tree = NewMounts.OpenTree(
            Descriptor.WorkingDirectory, mount.Source, OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.AT_RECURSIVE);
        if (!mount.IsWritable)
        {
            NewMounts.MountSetAttr(tree, recursive: true, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_RDONLY });
        }

        NewMounts.MoveMount(tree, place);
    }

    private static SafeFileHandle? TryOpenRunning(string directory)
    {
        if (RunningPid(directory) is not int pid)
        {
            return null;
        }

        SafeFileHandle root = Files.Open($"/proc/{pid}/root", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);

        // Had it ended meanwhile, the number could be another's.
        if (RunningPid(directory) == pid)
        {
            return root;
        }

        root.Dispose();
        return null;
    }

    private static int? RunningPid(string directory)
        => StatusReport.TryRead(directory) is { State: "running" or "paused", Pid: > 0 and int pid } ? pid : null;

    private static string Absolute(string path) => path.StartsWith('/') ? path : "/" + path;

    private static uint Outside(IReadOnlyList<IdMapping> map, uint id)
        => map.FirstOrDefault(range => id >= range.ContainerId && id - range.ContainerId < range.Size) is IdMapping one ? one.HostId + (id - one.ContainerId)
            : map.Count == 0 ? id
            : throw new EngineException(FailureKind.Unsupported, $"the container's user namespace has no id {id}", "leave -a out");

    private static uint Inside(IReadOnlyList<IdMapping> map, uint id)
        => map.FirstOrDefault(range => id >= range.HostId && id - range.HostId < range.Size) is IdMapping one ? one.ContainerId + (id - one.HostId) : id;
}
