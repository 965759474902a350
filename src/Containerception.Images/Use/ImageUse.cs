using System.Collections.Immutable;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>Finds images for containers by what users call them, and unpacks what is not unpacked.</summary>
public sealed class ImageUse(ImageStore store)
{
    /// <summary>The image of a name, an id, or the beginning of one; null when there is none, or only for another platform.</summary>
    /// <param name="name">As docker's users write it.</param>
    /// <param name="platform">What it must run on; null for whatever there is.</param>
    /// <exception cref="ImageException">The name is none, or what is here is damaged.</exception>
    public UsableImage? Find(string name, Platform? platform)
    {
        if (store.Table.Find(name) is not { } image)
        {
            return null;
        }

        foreach (Digest diffId in store.ReadConfig(image.Id).DiffIds)
        {
            if (!store.Layers.Has(diffId))
            {
                Unpack(image);
                break;
            }
        }

        UsableImage usable = UsableImage.Open(store.Contents, store.Layers, image.Id);
        return platform is null || Runs(usable.Config.Platform, platform) ? usable : null;
    }

    private static bool Runs(Platform has, Platform wanted)
        => has.Os == wanted.Os && has.Architecture == wanted.Architecture && (wanted.Variant is null || has.Variant is null || has.Variant == wanted.Variant);

    private void Unpack(StoredImage image)
    {
        using SafeFileHandle held = store.Hold();
        ImageManifest manifest = store.ReadManifest(image.Manifest);
        ImmutableArray<Digest> diffIds = store.ReadConfig(image.Id).DiffIds;
        foreach ((ContentDescriptor blob, Digest diffId) in manifest.Layers.Zip(diffIds).DistinctBy(pair => pair.Second))
        {
            if (!store.HasLayer(diffId))
            {
                Unpack(blob, diffId);
            }
        }
    }

    private void Unpack(ContentDescriptor blob, Digest diffId)
    {
        if (!store.Contents.Has(blob.Digest))
        {
            throw new ImageException(ImageFailure.NotFound, $"the content {blob.Digest} is not in the store", "pull the image again");
        }

        using FileStream file = File.OpenRead(store.Contents.PathOf(blob.Digest));
        store.UnpackLayer(file, diffId, finish: static () => { });
    }
}
