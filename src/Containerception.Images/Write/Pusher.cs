using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>Brings images out to their registries: what these do not have, several blobs at once, and the manifest last.</summary>
public sealed class Pusher(RegistryClient registry, ImageStore store)
{
    /// <summary>Sends the image of a name, and gives it that name there.</summary>
    /// <param name="name">With a tag.</param>
    /// <param name="progress">Told of each blob's steps; from several threads.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ImageException">There is no such image, or the registry does not take it.</exception>
    public async Task<PushedImage> Push(ImageReference name, Action<PushProgress> progress, CancellationToken cancel)
    {
        using SafeFileHandle hold = store.Hold();
        StoredImage image = store.Table.Find(name) ?? throw new ImageException(
            ImageFailure.NotFound, $"an image does not exist locally with the tag: {name.FamiliarText}", $"cdock tag IMAGE {name.FamiliarText} gives one that name");
        ImageName known = image.Names.First(one => one.Reference == name);

        // Of an index only the chosen image may be here: then that is what there is to send.
        ImmutableArray<ContentDescriptor> parts = PartsOf(known.Target);
        Digest top = known.Target == known.Manifest || (parts.Length > 0 && parts.All(IsWhole)) ? known.Target : known.Manifest;
        Digest[] manifests = [known.Manifest, .. top == known.Target ? parts.Select(part => part.Digest) : []];
        await SendBlobs(name, [.. manifests.Distinct().SelectMany(BlobsOf).DistinctBy(blob => blob.Digest)], progress, cancel).ConfigureAwait(false);
        foreach (Digest manifest in manifests.Distinct().Where(manifest => manifest != top))
        {
            await SendManifest(name, manifest, manifest.ToString(), cancel).ConfigureAwait(false);
        }

        long size = await SendManifest(name, top, name.Tag!, cancel).ConfigureAwait(false);
        store.Table.Name(new ImageName(name with { Tag = null, Digest = top }, known.Manifest, top), image.Id);
        return new PushedImage(top, size);
    }

    private async Task SendBlobs(ImageReference name, ContentDescriptor[] blobs, Action<PushProgress> progress, CancellationToken cancel)
    {
        Dictionary<Digest, string> elsewhere = BlobsElsewhere(name);
        foreach (ContentDescriptor blob in blobs)
        {
            progress(new PushProgress(blob.Digest, 0, blob.Size, PushState.Waiting));
        }

        ExceptionDispatchInfo? first = null;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = registry.Options.Uploads, CancellationToken = cancel };
        try
        {
            await Parallel.ForEachAsync(blobs, parallel, async (blob, stop) =>
            {
                try
                {
                    BlobUpload upload = new(registry, name, blob, store.Contents.PathOf(blob.Digest), progress);
                    await upload.Run(elsewhere.GetValueOrDefault(blob.Digest), stop).ConfigureAwait(false);
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

    private async Task<long> SendManifest(ImageReference name, Digest manifest, string tagOrDigest, CancellationToken cancel)
    {
        byte[] content = store.Contents.Read(manifest);
        RegistryRequest request = new(name, $"manifests/{tagOrDigest}")
        {
            Method = HttpMethod.Put,
            Access = "pull,push",
            Body = _ => new ByteArrayContent(content) { Headers = { ContentType = MediaTypeHeaderValue.Parse(TypeOf(content)) } },
        };
        using HttpResponseMessage response = await registry.Transport.Send(request, cancel).ConfigureAwait(false);
        return content.Length;
    }

    /// <summary>Which repository of the same registry has a blob, as far as we know of it.</summary>
    private Dictionary<Digest, string> BlobsElsewhere(ImageReference name)
    {
        Dictionary<Digest, string> elsewhere = [];
        foreach (ImageName other in store.Table.List().SelectMany(image => image.Digests)
            .Where(other => other.Reference.Registry == name.Registry && other.Reference.Repository != name.Repository))
        {
            foreach (ContentDescriptor blob in BlobsOf(other.Manifest))
            {
                elsewhere.TryAdd(blob.Digest, other.Reference.Repository);
            }
        }

        return elsewhere;
    }

    private IEnumerable<ContentDescriptor> BlobsOf(Digest manifest)
    {
        ImageManifest document = store.ReadManifest(manifest);
        return [document.Config, .. document.Layers.Where(layer => !MediaTypes.IsForeign(layer.MediaType))];
    }

    private ImmutableArray<ContentDescriptor> PartsOf(Digest target)
        => store.Contents.Has(target) && MediaTypes.IsIndex(TypeOf(store.Contents.Read(target))) ? ImageIndex.Read(store.Contents.Read(target)).Manifests : [];

    private bool IsWhole(ContentDescriptor manifest)
        => MediaTypes.IsManifest(manifest.MediaType) && store.Contents.Has(manifest.Digest) && BlobsOf(manifest.Digest).All(blob => store.Contents.Has(blob.Digest));

    /// <summary>What a document says that it is; the image-spec lets it be silent.</summary>
    private static string TypeOf(byte[] content)
    {
        using JsonDocument document = JsonDocument.Parse(content);
        return document.RootElement.TryGetProperty("mediaType", out JsonElement type) && type.GetString() is { Length: > 0 } said
            ? said
            : document.RootElement.TryGetProperty("manifests", out _) ? MediaTypes.Index : MediaTypes.Manifest;
    }
}
