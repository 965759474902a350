using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>An image as containers use it.</summary>
/// <param name="Id">The digest of its configuration.</param>
/// <param name="Config">What it runs, and how.</param>
/// <param name="Layers">The directories of its layers, each once, the topmost first: overlayfs refuses one that comes twice.</param>
public sealed record UsableImage(Digest Id, ImageConfig Config, ImmutableArray<string> Layers)
{
    /// <summary>The image of an id, all of whose layers are unpacked. Looks at files alone, since a container that starts again needs no more.</summary>
    /// <exception cref="ImageException">It is not here, or not whole.</exception>
    public static UsableImage Open(ContentStore contents, LayerStore layers, Digest id)
    {
        ImageConfig config = ReadConfig(contents, id);
        foreach (Digest missing in config.DiffIds)
        {
            if (!layers.Has(missing))
            {
                throw new ImageException(ImageFailure.NotFound, $"the layer {missing} of the image {id} is not here", "pull the image again");
            }
        }

        // What a layer has shows where it lies topmost; below itself it changes nothing.
        List<string> paths = [];
        foreach (Digest layer in config.DiffIds.Reverse().Distinct())
        {
            paths.Add(layers.PathOf(layer));
        }

        return new UsableImage(id, config, [.. paths]);
    }

    private static ImageConfig ReadConfig(ContentStore contents, Digest id)
    {
        try
        {
            return ImageConfig.Read(contents.Read(id));
        }
        catch (ConfigException failure)
        {
            throw new ImageException(ImageFailure.Damaged, $"the image {id}: {failure.Message}", cause: failure);
        }
    }
}
