using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>Decides how a container's root file system is made.</summary>
/// <param name="directory">The container's own directory, which has an empty directory <c>rootfs</c>.</param>
/// <param name="id">The container's id.</param>
internal sealed class RootPlanner(string directory, string id)
{
    public const string RootName = "rootfs";
    private const string LayerName = "layer";
    private const string PrivateWords = "begin a private mount namespace";

    /// <summary>docker's: the beginning of the id.</summary>
    private const int HostnameLength = 12;

    private readonly string _target = Path.Join(directory, RootName);
    private readonly string _layer = Path.Join(directory, LayerName);

    /// <exception cref="EngineException">The root cannot be had in this way.</exception>
    public RootPlan Plan(RunRequest request)
    {
        RootPlan root = request.Namespaces.Only is null ? Whole(request) : HalfMade(request);
        if (request.ShareImages)
        {
            root = root with { Steps = [.. root.Steps.IsEmpty ? [Private()] : root.Steps, ImageSharing.Step(directory, UserRange.Of(id))] };
        }

        return root;
    }

    private RootPlan Whole(RunRequest request)
    {
        return request.Root switch
        {
            RootRequest.Host => WithNetworkFiles(Host(request), request),
            RootRequest.Image image => Image(request, image),
            RootRequest.DirectoryTree { Overlay: true } tree => WithNetworkFiles(Layered(tree), request),
            RootRequest.DirectoryTree tree => WithNetworkFiles(new RootPlan { Path = tree.Path, Users = UserDatabase.Of(tree.Path) }, request),
            RootRequest.OciBundle bundle => Bundle(bundle),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    // The tour's second stage: the host's own root, so that what is still shared can be seen.
    private RootPlan HalfMade(RunRequest request)
    {
        if (request.Root is not RootRequest.Host)
        {
            throw EngineException.Invalid("--isolate shows the host's own files: its ROOT is `host`");
        }

        return new RootPlan
        {
            Path = _target,
            Users = UserDatabase.Of("/"),
            DefaultCommand = ["/bin/sh"],
            Base = HalfMadeConfig.For(request),
            Steps =
            [
                Private(),
                new PreparationStep(
                    "take the host's own root file system", "nothing but the namespaces that were asked for is the container's own",
                    () => Mounts.Bind("/", _target)),
            ],
        };
    }

    private RootPlan Host(RunRequest request)
    {
        HostImage image = new(_target, _layer, Owner(request), request.ReadOnly);
        return new RootPlan
        {
            Path = _target,
            Users = image.Users,
            DefaultCommand = ["/bin/sh"],
            PathAlso = image.ProgramsDirectory,
            Steps = [Private(), .. image.Steps()],
        };
    }

    private RootPlan Layered(RootRequest.DirectoryTree tree)
    {
        return new RootPlan
        {
            Path = _target,
            Users = UserDatabase.Of(tree.Path),
            Steps =
            [
                Private(),
                Layer(0),
                new PreparationStep(
                    $"put a throw-away layer over {tree.Path}", "what the container writes stays in the layer, and goes with it",
                    () => Overlaid(tree.Path, "root", _target)),
            ],
        };
    }

    // The tree is made now and attached later: names of users, and what is copied out of the image, are read from it before.
    private RootPlan Image(RunRequest request, RootRequest.Image image)
    {
        UserRange? range = request.Namespaces.OwnUser ? UserRange.Of(id) : null;
        UsableImage content = Open(image);
        SafeFileHandle tree = new ImageRoot(content, directory, range).Mount(isThrowaway: request.AutoRemove);
        string hostname = request.Hostname ?? (request.Namespaces.OwnUts && request.Namespaces.OwnNetwork ? id[..HostnameLength] : Environment.MachineName);
        return new RootPlan
        {
            Path = _target,
            Tree = tree,
            Users = UserDatabase.Of(tree),
            Image = content.Config.Process,
            Hostname = hostname,
            Mounts = request.Networking.Container is null
                ? NetworkFiles.Write(directory, hostname, request.Networking, isHosts: !request.Namespaces.OwnNetwork, range?.Root ?? 0)
                : OfTheOther(request),
            Steps =
            [
                Private(),
                new PreparationStep(
                    $"put the container's own layer over the {content.Layers.Length} of {image.Name}",
                    "the image's layers are shared and never change; what the container writes stays in its own", () => Mounts.Attach(tree, _target)),
            ],
        };
    }

    // A root that is no image's keeps its own, unless there is a network to tell of.
    private RootPlan WithNetworkFiles(RootPlan root, RunRequest request) => request.Networking switch
    {
        { Container: not null } => root with { Mounts = OfTheOther(request) },
        { Networks.IsEmpty: false } or { HasOwnFiles: true } => root with
        {
            Mounts = NetworkFiles.Write(
                directory, request.Hostname ?? ConfigCompiler.HostnameDefault, request.Networking, isHosts: !request.Namespaces.OwnNetwork, Owner(request)),
        },
        _ => root,
    };

    private ImmutableArray<Oci.MountConfig> OfTheOther(RunRequest request)
        => NetworkFiles.Of(Path.Join(Path.GetDirectoryName(directory), request.Networking.Container));

    private UsableImage Open(RootRequest.Image image)
    {
        // Containers lie in `containers`, beside the images' content.
        string state = Path.GetDirectoryName(Path.GetDirectoryName(directory)!)!;
        try
        {
            return UsableImage.Open(new ContentStore(state), new LayerStore(state), image.Id);
        }
        catch (ImageException failure)
        {
            throw EngineException.Of(failure);
        }
    }

    private static RootPlan Bundle(RootRequest.OciBundle bundle)
    {
        RuntimeConfig config = RuntimeConfig.Read(Path.Join(bundle.Path, "config.json"));
        string root = Path.GetFullPath(config.Root?.Path ?? "rootfs", bundle.Path);
        return Directory.Exists(root)
            ? new RootPlan { Path = root, Users = UserDatabase.Of(root), Base = config }
            : throw new EngineException(FailureKind.NotFound, $"--bundle: root.path: {root} is not a directory");
    }

    private PreparationStep Layer(uint owner) => new(
        "take memory for what the container writes", "the layer needs no disk, and nothing of it can be left behind",
        () =>
        {
            Directory.CreateDirectory(_layer);
            return Mounts.Memory(_layer, owner);
        });

    private string Overlaid(string lower, string name, string target)
    {
        string upper = Path.Join(_layer, name, "upper");
        string work = Path.Join(_layer, name, "work");
        Directory.CreateDirectory(work);
        CopyOwner(lower, Directory.CreateDirectory(upper).FullName);
        return Mounts.Overlay(lower, upper, work, target);
    }

    // The root of an overlay has the owner and mode of its upper directory.
    private static void CopyOwner(string from, string to)
    {
        FileStatus status = FileStatuses.Statx(Descriptor.WorkingDirectory, from, AtFlags.None);
        Files.FchownAt(Descriptor.WorkingDirectory, to, status.Uid, status.Gid);
        Files.FchmodAt(Descriptor.WorkingDirectory, to, status.Permissions);
    }

    private uint Owner(RunRequest request) => request.Namespaces.OwnUser ? UserRange.Of(id).Root : 0;

    /// <summary>The first step of all, where any mounts.</summary>
    public static PreparationStep Private() => new(
        PrivateWords, "no mount of this container can be seen or left behind on the host", Mounts.BeginPrivate);

    /// <summary>Whether a step is that one.</summary>
    public static bool IsPrivate(PreparationStep step) => step.Words == PrivateWords;
}
