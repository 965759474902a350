using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>What was collected.</summary>
/// <param name="Layers">The digests' digits of layers that are gone.</param>
/// <param name="Bytes">Room that was given back.</param>
public sealed record Collected(IReadOnlyList<string> Layers, long Bytes);

/// <summary>
/// Removes content and layers that no image leads to. It runs alone: while anybody holds the store (a pull, a container being made) nothing is
/// collected, and the next one does it. Each removal is one rename or unlink: whoever kills it leaves nothing half gone.
/// </summary>
internal sealed class Collector(ImageStore store, Func<IReadOnlyList<ImageUser>> users)
{
    /// <summary>null when somebody else is at work.</summary>
    /// <param name="leftovers">Also what was cut off and could be gone on with.</param>
    public Collected? Collect(bool leftovers)
    {
        using SafeFileHandle? alone = store.TryHoldAlone();
        if (alone is null)
        {
            return null;
        }

        (HashSet<Digest> contents, HashSet<string> layers) = Mark();
        long bytes = leftovers ? store.Contents.RemoveLeftovers() : 0;
        store.Layers.Sweep();
        string[] doomed = [.. store.Layers.List().Where(name => !layers.Contains(name))];
        foreach (string name in doomed)
        {
            bytes += store.Table.ForgetLayer(name);
            store.Layers.RemoveLayer(name);
        }

        foreach (Digest digest in store.Contents.List().Where(digest => !contents.Contains(digest)).ToArray())
        {
            bytes += store.Contents.Remove(digest);
        }

        return new Collected(doomed, bytes);
    }

    private (HashSet<Digest> Contents, HashSet<string> Layers) Mark()
    {
        HashSet<Digest> contents = [];
        HashSet<string> layers = [];
        foreach (StoredImage image in store.Table.List())
        {
            foreach (Digest manifest in image.Names.Select(name => name.Manifest).Append(image.Manifest).Distinct())
            {
                ImageManifest document = store.ReadManifest(manifest);
                contents.Add(manifest);
                contents.Add(document.Config.Digest);
                contents.UnionWith(document.Layers.Select(layer => layer.Digest));
            }

            contents.UnionWith(image.Names.Select(name => name.Target));
            layers.UnionWith(store.ReadConfig(image.Id).DiffIds.Select(diffId => diffId.Hex));
        }

        // Whoever removed the image of a container while it was being made leaves the container what it stands on.
        foreach (Digest image in users().Select(user => user.Image).Where(store.Contents.Has).Distinct())
        {
            contents.Add(image);
            layers.UnionWith(store.ReadConfig(image).DiffIds.Select(diffId => diffId.Hex));
        }

        return (contents, layers);
    }
}
