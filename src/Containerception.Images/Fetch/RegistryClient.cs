using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>Asks registries for what they have. See the distribution-spec.</summary>
public sealed class RegistryClient : IDisposable
{
    private const int ManifestBytesMax = 4 << 20;
    private const int TagBytesMax = 16 << 20;
    private const int TagPagesMax = 1000;

    public RegistryClient(RegistryOptions options, Func<string, Credentials?> credentials)
    {
        Options = options;
        Transport = new RegistryTransport(options, credentials);
    }

    internal RegistryOptions Options { get; }

    internal RegistryTransport Transport { get; }

    /// <summary>Fetches a manifest or an index.</summary>
    /// <param name="image">Whose registry and repository are asked.</param>
    /// <param name="tagOrDigest">What for. Of a digest the answer is checked.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ImageException">There is none, or it cannot be had.</exception>
    public async Task<FetchedManifest> FetchManifest(ImageReference image, string tagOrDigest, CancellationToken cancel)
    {
        RegistryRequest request = new(image, $"manifests/{tagOrDigest}") { Prepare = message => message.Headers.TryAddWithoutValidation("Accept", MediaTypes.Acceptable) };
        using HttpResponseMessage response = await Transport.Send(request, cancel).ConfigureAwait(false);
        byte[] content = await ReadBody(image, response, ManifestBytesMax, cancel).ConfigureAwait(false);
        if (!Digest.TryParse(tagOrDigest, out Digest wanted))
        {
            return new FetchedManifest(response.Content.Headers.ContentType?.MediaType, Digest.Of(content), content);
        }

        using System.Security.Cryptography.IncrementalHash hash = wanted.NewHash();
        hash.AppendData(content);
        return wanted.Matches(hash.GetHashAndReset())
            ? new FetchedManifest(response.Content.Headers.ContentType?.MediaType, wanted, content)
            : throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: the manifest that {image.Registry} gives as {wanted} is another");
    }

    /// <summary>Opens a blob from a byte on; the caller reads the stream to its end and checks it.</summary>
    public async Task<BlobResponse> FetchBlob(ImageReference image, Digest digest, long from, CancellationToken cancel)
    {
        RegistryRequest request = new(image, $"blobs/{digest}") { Prepare = message => message.Headers.Range = from > 0 ? new RangeHeaderValue(from, to: null) : null };
        HttpResponseMessage response = await Transport.Send(request, cancel).ConfigureAwait(false);
        try
        {
            Stream content = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            long start = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? from : 0;
            await PassOver(content, from - start, cancel).ConfigureAwait(false);
            return new BlobResponse(response, content);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>A small blob, whole; whose digest is for the caller to check.</summary>
    public async Task<byte[]> FetchDocument(ImageReference image, Digest digest, int max, CancellationToken cancel)
    {
        using HttpResponseMessage response = await Transport.Send(new RegistryRequest(image, $"blobs/{digest}"), cancel).ConfigureAwait(false);
        return await ReadBody(image, response, max, cancel).ConfigureAwait(false);
    }

    /// <summary>All tags of a repository.</summary>
    /// <exception cref="ImageException">There is no such repository, or its list makes no sense.</exception>
    public async Task<ImmutableArray<string>> ListTags(ImageReference image, CancellationToken cancel)
    {
        ImmutableArray<string>.Builder tags = ImmutableArray.CreateBuilder<string>();
        RegistryRequest? request = new(image, "tags/list");
        for (int page = 0; request is not null; page++)
        {
            using HttpResponseMessage response = await Transport.Send(request, cancel).ConfigureAwait(false);
            tags.AddRange(ReadTags(image, await ReadBody(image, response, TagBytesMax, cancel).ConfigureAwait(false)));
            request = page < TagPagesMax ? NextPage(request, response) : throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: {image.Registry}'s list of tags does not end");
        }

        return tags.ToImmutable();
    }

    /// <summary>Has the registry forget a manifest, and with it every tag that leads to it.</summary>
    /// <returns>The manifest's digest.</returns>
    /// <exception cref="ImageException">There is none, or the registry does not delete.</exception>
    public async Task<Digest> Delete(ImageReference image, CancellationToken cancel)
    {
        // By the tag alone few registries do it.
        Digest digest = image.Digest ?? (await FetchManifest(image, image.TagOrDigest, cancel).ConfigureAwait(false)).Digest;
        RegistryRequest request = new(image, $"manifests/{digest}") { Method = HttpMethod.Delete, Access = "pull,delete" };
        using HttpResponseMessage response = await Transport.Send(request, cancel).ConfigureAwait(false);
        return digest;
    }

    /// <summary>Whether the credentials are right: the registry lets them in.</summary>
    /// <exception cref="ImageException">They are not.</exception>
    public async Task CheckLogin(string registry, string user, CancellationToken cancel)
    {
        ImageReference nothing = new() { Registry = registry, Repository = "" };
        try
        {
            using HttpResponseMessage response = await Transport.Send(new RegistryRequest(nothing, "") { Access = "" }, cancel).ConfigureAwait(false);
        }
        catch (ImageException failure) when (failure.Failure == ImageFailure.Denied)
        {
            throw new ImageException(ImageFailure.Denied, $"{registry} refuses the user {user}, or the password", cause: failure);
        }
    }

    public void Dispose() => Transport.Dispose();

    /// <summary>A registry that cannot resume sends it all: what is here already is passed over.</summary>
    private async Task PassOver(Stream content, long count, CancellationToken cancel)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        byte[] known = new byte[1 << 16];
        while (count > 0)
        {
            patience.CancelAfter(Options.StallTimeout);
            int read = await content.ReadAsync(known.AsMemory(0, (int)Math.Min(known.Length, count)), patience.Token).ConfigureAwait(false);
            count -= read > 0 ? read : throw new IOException("the connection ended early");
        }
    }

    private async Task<byte[]> ReadBody(ImageReference image, HttpResponseMessage response, int max, CancellationToken cancel)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Options.StallTimeout);
        try
        {
            return await Bodies.Read(response, max, patience.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            string why = failure is OperationCanceledException ? $"no byte within {Options.StallTimeout.TotalSeconds} s" : failure.Message;
            throw new ImageException(ImageFailure.Unreachable, $"{image.FamiliarName}: {image.Registry} broke off its answer: {why}", cause: failure);
        }
    }

    private static IEnumerable<string> ReadTags(ImageReference image, byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement tags = document.RootElement.GetProperty("tags");
            return tags.ValueKind == JsonValueKind.Null ? [] : [.. tags.EnumerateArray().Select(tag => tag.GetString()!)];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ImageException(ImageFailure.Damaged, $"{image.FamiliarName}: {image.Registry}'s list of tags cannot be read", cause: failure);
        }
    }

    /// <summary>RFC 5988: <c>Link: &lt;/v2/app/tags/list?last=b&amp;n=2&gt;; rel="next"</c>. Only its query counts, so that it leads nowhere else.</summary>
    private static RegistryRequest? NextPage(RegistryRequest request, HttpResponseMessage response)
    {
        string? link = response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? links.FirstOrDefault(one => one.Contains("next", StringComparison.Ordinal)) : null;
        int query = link?.IndexOf('?', StringComparison.Ordinal) ?? -1;
        int end = link?.IndexOf('>', StringComparison.Ordinal) ?? -1;
        return query > 0 && end > query ? request with { Path = $"tags/list{link![query..end]}" } : null;
    }
}

/// <summary>A manifest or an index, as the registry gave it.</summary>
public sealed record FetchedManifest(string? MediaType, Digest Digest, byte[] Content);

/// <summary>A blob on its way.</summary>
/// <param name="Response">What the stream belongs to.</param>
/// <param name="Content">The bytes.</param>
public sealed record BlobResponse(HttpResponseMessage Response, Stream Content) : IDisposable
{
    public void Dispose()
    {
        Content.Dispose();
        Response.Dispose();
    }
}
