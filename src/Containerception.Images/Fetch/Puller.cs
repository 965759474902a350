using System.Runtime.ExceptionServices;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>How far a layer is.</summary>
/// <param name="Digest">The layer's blob.</param>
/// <param name="Arrived">Bytes of it that are here.</param>
/// <param name="Size">Bytes of it in all.</param>
/// <param name="State">What is being done with it.</param>
public readonly record struct LayerProgress(Digest Digest, long Arrived, long Size, LayerState State);

/// <summary>What is being done with a layer.</summary>
public enum LayerState
{
    /// <summary>Its turn has not come.</summary>
    Waiting,

    /// <summary>It was here before.</summary>
    Exists,

    /// <summary>It is being fetched, and unpacked as it comes.</summary>
    Arriving,

    /// <summary>It was here before, but not unpacked.</summary>
    Unpacking,

    /// <summary>It is here and unpacked.</summary>
    Done,
}

/// <summary>What a pull has brought.</summary>
/// <param name="Digest">Of the manifest or index that the name leads to.</param>
/// <param name="Id">The image's id: its configuration's digest.</param>
/// <param name="IsNew">The name led elsewhere before, or nowhere.</param>
public sealed record PulledImage(Digest Digest, Digest Id, bool IsNew);

/// <summary>Brings images here: manifest, configuration, and layers, several at once.</summary>
public sealed class Puller(RegistryClient registry, ImageStore store)
{
    /// <summary>An index may lead to another, but not on and on.</summary>
    private const int IndexDepthMax = 3;

    /// <summary>Fetches an image and gives it its name. Nothing has that name before all of it is here.</summary>
    /// <param name="image">The image.</param>
    /// <param name="platform">The platform to choose of an index.</param>
    /// <param name="progress">Told of each layer's steps; from several threads.</param>
    /// <param name="cancel">Ends it. What has come is kept for the next time.</param>
    /// <exception cref="ImageException">It cannot be had.</exception>
    public async Task<PulledImage> Pull(ImageReference image, Platform platform, Action<LayerProgress>? progress, CancellationToken cancel)
    {
        store.Sweep();
        using SafeFileHandle hold = store.Hold();
        FetchedManifest top = await registry.FetchManifest(image, image.TagOrDigest, cancel).ConfigureAwait(false);
        FetchedManifest chosen = await Choose(image, top, platform, depth: 0, cancel).ConfigureAwait(false);
        ImageManifest manifest = Read(image, chosen.Content, ImageManifest.Read);
        if (manifest.Layers.FirstOrDefault(layer => !MediaTypes.IsLayer(layer.MediaType)) is { } odd)
        {
            throw new ImageException(ImageFailure.Unsupported, $"{image.FamiliarName} is no image that can be run: it has content of the type {Printable(odd.MediaType)}");
        }

        byte[] document = await FetchConfig(image, manifest.Config, cancel).ConfigureAwait(false);
        ImageConfig config = Read(image, document, ImageConfig.Read);
        if (config.DiffIds.Length != manifest.Layers.Length)
        {
            throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: its manifest has {manifest.Layers.Length} layers, its configuration {config.DiffIds.Length}");
        }

        await FetchLayers(image, manifest, config, progress, cancel).ConfigureAwait(false);
        store.Contents.Write(manifest.Config.Digest, document);
        store.Contents.Write(chosen.Digest, chosen.Content);
        store.Contents.Write(top.Digest, top.Content);
        return new PulledImage(top.Digest, manifest.Config.Digest, store.Register(chosen.Digest, NamesOf(image, chosen.Digest, top.Digest)));
    }

    /// <summary>By its tag, where it was asked for by one, and by its digest.</summary>
    private static ImageName[] NamesOf(ImageReference image, Digest manifest, Digest target)
    {
        ImageName digest = new(image with { Tag = null, Digest = target }, manifest, target);
        return image.Digest is null ? [new ImageName(image, manifest, target), digest] : [digest];
    }

    private async Task<FetchedManifest> Choose(ImageReference image, FetchedManifest fetched, Platform platform, int depth, CancellationToken cancel)
    {
        if (MediaTypes.IsManifest(fetched.MediaType))
        {
            return fetched;
        }

        if (!MediaTypes.IsIndex(fetched.MediaType))
        {
            throw new ImageException(ImageFailure.Unsupported, $"{image.FamiliarName}: {image.Registry} gives a {Printable(fetched.MediaType ?? "document without a type")}, which is no image");
        }

        if (depth >= IndexDepthMax)
        {
            throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: its index leads from index to index, and to no image");
        }

        ImageIndex index = Read(image, fetched.Content, ImageIndex.Read);
        ContentDescriptor entry = PlatformChoice.Best(index.Manifests, platform)
            ?? index.Manifests.FirstOrDefault(manifest => manifest.Platform is null && MediaTypes.IsIndex(manifest.MediaType))
            ?? throw new ImageException(ImageFailure.NotFound, $"{image.FamiliarName} has no image for {platform}", Offer(index));
        FetchedManifest next = await registry.FetchManifest(image, entry.Digest.ToString(), cancel).ConfigureAwait(false);
        return await Choose(image, next, platform, depth + 1, cancel).ConfigureAwait(false);
    }

    private static string? Offer(ImageIndex index)
    {
        string[] platforms = [.. index.Manifests.Select(manifest => manifest.Platform).OfType<Platform>().Where(platform => platform.Os != "unknown").Select(platform => Printable(platform.ToString())).Distinct()];
        return platforms.Length == 0 ? null : $"it has {string.Join(", ", platforms)}: choose one with --platform";
    }

    private async Task<byte[]> FetchConfig(ImageReference image, ContentDescriptor config, CancellationToken cancel)
    {
        if (store.Contents.Has(config.Digest))
        {
            return store.Contents.Read(config.Digest);
        }

        byte[] document = await registry.FetchDocument(image, config.Digest, ConfigDocumentLimits.BytesMax, cancel).ConfigureAwait(false);
        using System.Security.Cryptography.IncrementalHash hash = config.Digest.NewHash();
        hash.AppendData(document);
        return config.Digest.Matches(hash.GetHashAndReset())
            ? document
            : throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: the configuration that came as {config.Digest} is another");
    }

    private async Task FetchLayers(ImageReference image, ImageManifest manifest, ImageConfig config, Action<LayerProgress>? progress, CancellationToken cancel)
    {
        // The same layer twice is fetched once.
        (ContentDescriptor Blob, Digest DiffId)[] layers = [.. manifest.Layers.Zip(config.DiffIds).DistinctBy(pair => pair.Second)];
        foreach ((ContentDescriptor blob, _) in layers)
        {
            progress?.Invoke(new LayerProgress(blob.Digest, 0, blob.Size, LayerState.Waiting));
        }

        // The first failure ends the others; they then tell of nothing but that.
        ExceptionDispatchInfo? first = null;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = registry.Options.Downloads, CancellationToken = cancel };
        try
        {
            await Parallel.ForEachAsync(layers, parallel, async (layer, stop) =>
            {
                try
                {
                    await Task.Run(() => FetchLayer(image, layer.Blob, layer.DiffId, progress, stop), stop).ConfigureAwait(false);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(failure), comparand: null);
                    throw;
                }
            }).ConfigureAwait(false);
        }
        catch (Exception) when (first is not null)
        {
            first.Throw();
        }
    }

    private void FetchLayer(ImageReference image, ContentDescriptor blob, Digest diffId, Action<LayerProgress>? progress, CancellationToken cancel)
    {
        if (TryTakeFromStore(blob, diffId, progress))
        {
            return;
        }

        using BlobWriter writer = store.Contents.Begin(blob.Digest);
        if (store.Contents.Has(blob.Digest))
        {
            // Another process has brought it while we waited for our turn.
            writer.Abandon();
            TryTakeFromStore(blob, diffId, progress);
            return;
        }

        long sum = 0;
        using ArrivingBlob arriving = new(
            registry, image, blob, writer, count => progress?.Invoke(new LayerProgress(blob.Digest, sum += count, blob.Size, LayerState.Arriving)), cancel);
        try
        {
            if (store.HasLayer(diffId))
            {
                arriving.Finish();
            }
            else
            {
                store.UnpackLayer(arriving, diffId, arriving.Finish);
            }
        }
        catch (ImageException failure) when (failure.Failure == ImageFailure.Damaged && failure.InnerException is not LinuxException)
        {
            // Nobody is to go on from what is wrong. A blob that came as its digest says is not, however wrong the image is that names it.
            writer.Restart();
            throw;
        }

        progress?.Invoke(new LayerProgress(blob.Digest, blob.Size, blob.Size, LayerState.Done));
    }

    /// <summary>False when the blob is not here.</summary>
    private bool TryTakeFromStore(ContentDescriptor blob, Digest diffId, Action<LayerProgress>? progress)
    {
        if (!store.Contents.Has(blob.Digest))
        {
            return false;
        }

        bool isUnpacked = store.HasLayer(diffId);
        if (!isUnpacked)
        {
            progress?.Invoke(new LayerProgress(blob.Digest, blob.Size, blob.Size, LayerState.Unpacking));
            using FileStream file = File.OpenRead(store.Contents.PathOf(blob.Digest));
            store.UnpackLayer(file, diffId, finish: () => { });
        }

        progress?.Invoke(new LayerProgress(blob.Digest, blob.Size, blob.Size, isUnpacked ? LayerState.Exists : LayerState.Done));
        return true;
    }

    private static T Read<T>(ImageReference image, byte[] document, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(document);
        }
        catch (ConfigException failure)
        {
            throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: {failure.Message}", cause: failure);
        }
    }

    /// <summary>What a stranger calls something is shown on a terminal: in one short line.</summary>
    private static string Printable(string text) => new([.. text.Select(letter => char.IsControl(letter) ? '?' : letter).Take(100)]);
}
