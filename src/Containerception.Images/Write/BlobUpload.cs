using System.Net;
using System.Net.Http.Headers;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// One blob on its way to a registry: not at all where it is there, from another repository of the registry, or in one piece; gone on with
/// where it broke. distribution-spec, "Pushing Blobs".
/// </summary>
internal sealed class BlobUpload(RegistryClient registry, ImageReference image, ContentDescriptor blob, string path, Action<PushProgress> progress)
{
    private const string Access = "pull,push";

    /// <param name="elsewhere">A repository of the same registry that has it.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task Run(string? elsewhere, CancellationToken cancel)
    {
        if (await Exists(cancel).ConfigureAwait(false))
        {
            Tell(blob.Size, PushState.Exists);
            return;
        }

        Uri? session = await Begin(elsewhere, cancel).ConfigureAwait(false);
        if (session is null)
        {
            progress(new PushProgress(blob.Digest, blob.Size, blob.Size, PushState.Mounted, elsewhere));
            return;
        }

        await Send(session, cancel).ConfigureAwait(false);
        Tell(blob.Size, PushState.Done);
    }

    private async Task<bool> Exists(CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage response = await registry.Transport.Send(Request(HttpMethod.Head, $"blobs/{blob.Digest}"), cancel).ConfigureAwait(false);
            return true;
        }
        catch (ImageException failure) when (failure.Failure == ImageFailure.NotFound)
        {
            return false;
        }
    }

    /// <summary>null when the registry has taken it from elsewhere, and there is nothing to send.</summary>
    private async Task<Uri?> Begin(string? elsewhere, CancellationToken cancel)
    {
        RegistryRequest request = Request(HttpMethod.Post, elsewhere is null ? "blobs/uploads/" : $"blobs/uploads/?mount={blob.Digest}&from={Uri.EscapeDataString(elsewhere)}");
        using HttpResponseMessage response = await registry.Transport.Send(request with { AlsoFrom = elsewhere }, cancel).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.Created ? null : Location(response);
    }

    private async Task Send(Uri session, CancellationToken cancel)
    {
        long offset = 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (offset < blob.Size)
                {
                    session = await SendRest(session, offset, cancel).ConfigureAwait(false);
                }

                await Finish(session, cancel).ConfigureAwait(false);
                return;
            }
            catch (ImageException failure) when (failure.Failure == ImageFailure.Unreachable && attempt < registry.Options.Attempts)
            {
                await Task.Delay(registry.Transport.Pause(attempt), cancel).ConfigureAwait(false);
                (session, offset) = await GoOn(session, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task<Uri> SendRest(Uri session, long offset, CancellationToken cancel)
    {
        RegistryRequest request = Request(HttpMethod.Patch, $"blobs/uploads/{blob.Digest}") with
        {
            Address = session,
            Repeats = false,
            Body = alive => new FileContent(path, offset, blob.Size, sent =>
            {
                alive();
                Tell(sent, PushState.Sending);
            }),
        };
        using HttpResponseMessage response = await registry.Transport.Send(request, cancel).ConfigureAwait(false);
        return Location(response);
    }

    private async Task Finish(Uri session, CancellationToken cancel)
    {
        string query = $"digest={Uri.EscapeDataString(blob.Digest.ToString())}";
        UriBuilder address = new(session) { Query = session.Query.Length > 1 ? $"{session.Query[1..]}&{query}" : query };
        RegistryRequest request = Request(HttpMethod.Put, $"blobs/uploads/{blob.Digest}") with { Address = address.Uri, Repeats = false, Body = _ => new ByteArrayContent([]) };
        using HttpResponseMessage response = await registry.Transport.Send(request, cancel).ConfigureAwait(false);
    }

    /// <summary>Asks how much has come; a registry that does not know begins anew.</summary>
    private async Task<(Uri Session, long Offset)> GoOn(Uri session, CancellationToken cancel)
    {
        try
        {
            RegistryRequest request = Request(HttpMethod.Get, $"blobs/uploads/{blob.Digest}") with { Address = session };
            using HttpResponseMessage response = await registry.Transport.Send(request, cancel).ConfigureAwait(false);

            // Range: 0-99, the last byte that is there; 0-0 says nothing, or one byte.
            string range = response.Headers.TryGetValues("Range", out IEnumerable<string>? values) ? values.First() : "";
            long offset = long.TryParse(range[(range.IndexOf('-', StringComparison.Ordinal) + 1)..], out long last) && last > 0 && last < blob.Size ? last + 1 : 0;
            if (offset > 0)
            {
                return (Location(response), offset);
            }
        }
        catch (ImageException)
        {
            // It has forgotten the upload: as for one that says nothing.
        }

        return (await Begin(elsewhere: null, cancel).ConfigureAwait(false) ?? throw Odd("has taken a blob that it was not given"), 0);
    }

    private RegistryRequest Request(HttpMethod method, string what) => new(image, what) { Method = method, Access = Access };

    /// <summary>Read from the text: a path alone would be taken for a file's address.</summary>
    private Uri Location(HttpResponseMessage response)
        => response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values) && Uri.TryCreate(response.RequestMessage!.RequestUri!, values.ToString(), out Uri? location)
            && location.Scheme is "http" or "https"
            ? location
            : throw Odd("does not say where a blob is to be sent");

    private ImageException Odd(string what) => new(ImageFailure.Damaged, $"{image.FamiliarName}: {image.Registry} {what}");

    private void Tell(long sent, PushState state) => progress(new PushProgress(blob.Digest, sent, blob.Size, state));

    /// <summary>A file from a byte on, sent piece by piece.</summary>
    private sealed class FileContent : HttpContent
    {
        private const int ChunkBytes = 1 << 17;
        private readonly string _path;
        private readonly long _from;
        private readonly long _size;
        private readonly Action<long> _sent;

        public FileContent(string path, long from, long size, Action<long> sent)
        {
            (_path, _from, _size, _sent) = (path, from, size, sent);
            Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            if (from > 0)
            {
                Headers.TryAddWithoutValidation("Content-Range", $"{from}-{size - 1}");
            }
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            using SafeFileHandle file = Files.Open(_path, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW);
            byte[] chunk = new byte[ChunkBytes];
            for (long at = _from; at < _size;)
            {
                int count = RandomAccess.Read(file, chunk.AsSpan(0, (int)Math.Min(chunk.Length, _size - at)), at);
                await stream.WriteAsync(chunk.AsMemory(0, count > 0 ? count : throw new IOException($"{_path} is shorter than it was"))).ConfigureAwait(false);
                at += count;
                _sent(at);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _size - _from;
            return true;
        }
    }
}
