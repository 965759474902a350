using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>Writes a container's files as an archive: the image's and its own, without what is mounted.</summary>
    /// <exception cref="EngineException">There is no such container, or it started on no image.</exception>
    public void Export(string container, Stream archive)
    {
        TakenContainer taken = Take(container, "export");
        using SafeFileHandle tree = LayeredTree.MountReadOnly([taken.Upper, .. taken.Image.Layers, MountPoints.In(_options.RootDirectory)]);
        Told(() => new TreeArchiver(TreeUse.FileSystem, taken.FirstId).Write(tree, archive));
        Note("export", taken.Definition);
    }

    /// <summary>What a container has changed of its image.</summary>
    /// <exception cref="EngineException">There is no such container, or it started on no image.</exception>
    public IReadOnlyList<ContainerChange> Diff(string container)
    {
        TakenContainer taken = Take(container, "diff");
        using SafeFileHandle below = LayeredTree.MountReadOnly([.. taken.Image.Layers, .. Two(taken)]);
        using SafeFileHandle upper = Files.Open(taken.Upper, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
        return TreeChanges.Between(below, upper);
    }

    /// <summary>Makes an image of a container: its own, and a layer with what it has written.</summary>
    /// <returns>The image's id.</returns>
    /// <exception cref="EngineException">There is no such container, or it started on no image.</exception>
    public string Commit(CommitRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        TakenContainer taken = Take(request.Container, "commit");
        string id = "";
        ImageReference? name = null;
        Told(() =>
        {
            name = request.Name is null ? null : ImageReference.Parse(request.Name);
            using SafeFileHandle upper = Files.Open(taken.Upper, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            MadeImage made = new()
            {
                Base = taken.Image.Id,
                Author = request.Author,
                Message = request.Message,
                CreatedBy = string.Join(' ', taken.Definition.Command),
                Changes = request.Changes,
                Config = ConfigOf(taken),
            };
            id = Paused(taken, request.Pause, () => new ImageMaker(Images, _options.Clock)
                .Commit(stream => new TreeArchiver(TreeUse.Layer, taken.FirstId).Write(upper, stream), made, name).ToString());
        });
        if (name is not null)
        {
            new ImageEvents(_options.RootDirectory, Images, _options.Clock).Note("tag", id, name.FamiliarText);
        }

        Note("commit", taken.Definition, ("comment", request.Message ?? ""), ("imageID", id), ("imageRef", name?.ToString() ?? ""));
        return id;
    }

    // overlayfs puts two together, and not one alone.
    private string[] Two(TakenContainer taken) => [MountPoints.In(_options.RootDirectory), .. taken.Image.Layers.IsEmpty ? [Path.Join(taken.Directory, RootPlanner.RootName)] : ImmutableArray<string>.Empty];

    private TakenContainer Take(string container, string verb)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        string directory = _store.PathOf(definition.Id);
        if (!Digest.TryParse(definition.ImageId, out Digest image))
        {
            throw new EngineException(
                FailureKind.Unsupported, $"cannot {verb} the container {definition.Name}: it was made of {definition.Image}, which is no image", "containers of images can be");
        }

        try
        {
            UsableImage usable = UsableImage.Open(Images.Contents, Images.Layers, image);
            return new TakenContainer(definition, directory, usable, definition.Root.OwnUser ? UserRange.Of(definition.Id).Root : 0);
        }
        catch (ImageException failure)
        {
            throw EngineException.Of(failure);
        }
    }

    private T Paused<T>(TakenContainer taken, bool wanted, Func<T> work)
    {
        bool pauses = wanted && List(all: false).Any(one => one.Id == taken.Definition.Id && one.State == ContainerState.Running);
        if (!pauses)
        {
            return work();
        }

        Freeze(taken.Definition.Id);
        try
        {
            return work();
        }
        finally
        {
            Thaw(taken.Definition.Id);
        }
    }

    // The image starts as the container did: what was asked for it stands before what its image says.
    private static ImmutableArray<(string Name, JsonNode? Value)> ConfigOf(TakenContainer taken)
    {
        ContainerDefinition definition = taken.Definition;
        ImageProcess image = taken.Image.Config.Process;
        List<(string, JsonNode?)> members = [];
        if (definition.Entrypoint is string entrypoint)
        {
            members.Add(("Entrypoint", entrypoint.Length == 0 ? null : Texts([entrypoint])));
            members.Add(("Cmd", definition.Arguments.IsEmpty ? null : Texts(definition.Arguments)));
        }
        else if (!definition.Arguments.IsEmpty)
        {
            members.Add(("Cmd", Texts(definition.Arguments)));
        }

        if (!definition.Environment.IsEmpty)
        {
            members.Add(("Env", Texts(ImageDefaults.Merged(image.Env, definition.Environment))));
        }

        if (definition.User is not null)
        {
            members.Add(("User", definition.User));
        }

        if (definition.WorkingDirectory is not null)
        {
            members.Add(("WorkingDir", definition.WorkingDirectory));
        }

        if (!definition.Labels.IsEmpty)
        {
            members.Add(("Labels", new JsonObject(definition.Labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value)))));
        }

        return [.. members];
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static void Told(Action work)
    {
        try
        {
            work();
        }
        catch (ImageException failure)
        {
            throw EngineException.Of(failure);
        }
    }

    /// <summary>A container of which something is taken out.</summary>
    private sealed record TakenContainer(ContainerDefinition Definition, string Directory, UsableImage Image, uint FirstId)
    {
        public string Upper => Path.Join(Directory, ImageRoot.UpperName);
    }
}
