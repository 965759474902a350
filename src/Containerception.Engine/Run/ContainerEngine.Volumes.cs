using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private Database Database => field ??= Database.Open(_options.RootDirectory);

    private VolumeStore Volumes => field ??= new VolumeStore(_options.RootDirectory, Database, _options.Clock);

    /// <summary>Makes a volume, unless there is one of this name already.</summary>
    /// <param name="name">Null for a name that is made up.</param>
    /// <param name="labels">Notes on a new one.</param>
    /// <param name="options">What a new one is, as docker's driver <c>local</c> understands it: <c>type</c>, <c>device</c>, <c>o</c>; empty for a directory.</param>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: not a name, or options that make no file system.</exception>
    public VolumeInfo CreateVolume(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> options)
    {
        VolumeMount.Check(options);
        return MakeVolume(name, labels, options);
    }

    /// <summary>All volumes, by name.</summary>
    public IReadOnlyList<VolumeInfo> ListVolumes() => Volumes.List();

    /// <summary>One volume.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public VolumeInfo FindVolume(string name) => Volumes.Find(name);

    /// <summary>Bytes of the files of a volume.</summary>
    public static long SizeOf(VolumeInfo volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        return VolumeStore.SizeOf(volume);
    }

    /// <summary>Removes a volume that no container has.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Conflict"/>: it is in use.</exception>
    public void RemoveVolume(string name)
    {
        VolumeStore.Sweep(RootDirectory);
        Volumes.Remove(name);
        Events.Volume("destroy", name);
    }

    /// <summary>Volumes that nobody has: the anonymous ones, or all.</summary>
    public IReadOnlyList<VolumeInfo> ListUnusedVolumes(bool withNamed)
        => [.. Volumes.List().Where(volume => volume.Users.IsEmpty && (withNamed || volume.IsAnonymous))];

    // Volumes become bind mounts of their directories: those of other containers, those of the request.
    private (RunRequest Request, ImmutableArray<VolumePlace> Fillings) WithVolumes(RunRequest request, RootPlan root, string id)
    {
        MountRequest[] mounts = [.. ImageDefaults.Volumes(root), .. request.VolumesFrom.SelectMany(MountsFrom), .. request.Mounts];
        List<VolumePlace> fillings = [];

        // The last for a place counts, and only for it a volume is made.
        MountRequest[] last = [.. mounts.Where((mount, i) => !mounts.Skip(i + 1).Any(later => SamePlace(later.Destination, mount.Destination)))];
        ImmutableArray<MountRequest> bound = [.. last.Select(mount => mount.Type == "volume" ? Bound(mount, id, request.Namespaces.OwnUser ? UserRange.Of(id).Root : 0, fillings) : mount)];
        return (request with { Mounts = bound }, [.. fillings]);
    }

    // Where the root is there: at the first start, and never again.
    private RootPlan WithFillings(RootPlan root, ContainerDefinition definition) => definition.Fillings.IsEmpty ? root : root with
    {
        Steps =
        [
            .. root.Steps,
            .. definition.Fillings.Select(place => new VolumeFilling(Volumes.Find(place.Volume), place.Destination)
                .Step(() => Files.Open(root.Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY))),
        ],
    };

    // Volumes with options are mounted by us, in the container's own namespace, where the runtime finds them.
    private RootPlan WithVolumeMounts(RootPlan root, string id)
    {
        VolumeInfo[] mounted = Directory.Exists(VolumeStore.In(RootDirectory)) ? [.. Volumes.Of(id).Where(volume => !volume.Options.IsEmpty)] : [];
        return mounted.Length == 0 ? root : root with
        {
            Steps = [.. WithPrivate(root.Steps), .. mounted.Select(volume => MountOf(volume, id))],
        };
    }

    private PreparationStep MountOf(VolumeInfo volume, string id)
    {
        VolumeMount mount = new(volume);
        return mount.Step(mount.IsMemory ? () => TakeMemory(volume, id) : static () => null);
    }

    // Of who has it and runs; null when nobody does.
    private string? TakeMemory(VolumeInfo volume, string id)
    {
        foreach (string user in volume.Users.Where(user => user != id))
        {
            string directory = _store.PathOf(user);
            if (RunningPid(directory) is int pid
                && RuntimeConfig.Read(Path.Join(directory, "config.json")).Mounts.FirstOrDefault(mount => mount.Source == volume.Mountpoint) is MountConfig mount)
            {
                return TakeTree(pid, mount.Destination, volume.Mountpoint);
            }
        }

        return null;
    }

    private void ForgetVolumes(string id, bool withAnonymous)
    {
        // Who never had a volume needs no database to say so.
        if (Directory.Exists(VolumeStore.In(RootDirectory)))
        {
            Volumes.Forget(id, withAnonymous);
        }
    }

    /// <param name="name">Null for a name that is made up.</param>
    /// <param name="labels">Notes on a new one.</param>
    /// <param name="options">What a new one is.</param>
    /// <param name="owner">To whom a new one belongs: the root of the container that it is made for.</param>
    private VolumeInfo MakeVolume(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> options, uint owner = 0)
    {
        bool isNew = name is null || Volumes.TryFind(name) is null;
        VolumeInfo volume = Volumes.Make(name, labels, options, owner);
        if (isNew)
        {
            Events.Volume("create", volume.Name);
        }

        return volume;
    }

    private MountRequest Bound(MountRequest mount, string id, uint root, List<VolumePlace> fillings)
    {
        VolumeInfo volume = MakeVolume(mount.Source, mount.VolumeLabels, ImmutableSortedDictionary<string, string>.Empty, root);
        Volumes.Use(volume.Name, id);
        if (!mount.NoCopy)
        {
            fillings.Add(new VolumePlace(volume.Name, mount.Destination));
        }

        return mount with { Type = "bind", Source = volume.Mountpoint };
    }

    private IEnumerable<MountRequest> MountsFrom(string text)
    {
        (string container, string mode) = text.LastIndexOf(':') is int colon and > 0 ? (text[..colon], text[(colon + 1)..]) : (text, "");
        if (mode is not ("" or "ro" or "rw"))
        {
            throw EngineException.Invalid($"--volumes-from {text}: invalid mode \"{mode}\"", "use ro or rw");
        }

        string directory = _store.PathOf(_store.Table.Find(container).Id);
        return new ContainerMounts(_options.RootDirectory).Of(RuntimeConfig.Read(Path.Join(directory, "config.json")))
            .Select(mount => new MountRequest(
                mount.Type, mount.Name ?? mount.Source, mount.Destination,
                [
                    "rbind", mount.Propagation.Length > 0 ? mount.Propagation : "rprivate",
                    .. mode == "ro" || (mode.Length == 0 && !mount.IsWritable) ? ["ro"] : ImmutableArray<string>.Empty,
                ])
            {
                NoCopy = true,
            });
    }

    private static bool SamePlace(string one, string other) => one.TrimEnd('/') == other.TrimEnd('/');
}
