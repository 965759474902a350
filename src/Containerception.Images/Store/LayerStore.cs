using System.IO.Compression;
using System.Security.Cryptography;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// <c>layers/</c>: unpacked layers by the digest of their archive, each one once, shared by every image that has it. A layer is unpacked
/// beside and renamed into place when its digest was right.
/// </summary>
public sealed class LayerStore
{
    /// <summary>Others than root may not even look: a layer may have set-user-id programs (CVE-2021-41091).</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode TopMode = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const long BytesAlwaysAllowedDefault = 8L << 30;
    private readonly long _bytesAlwaysAllowed;
    private readonly string _layers;
    private readonly string _staging;

    /// <param name="directory">The state directory.</param>
    /// <param name="bytesAlwaysAllowed">What an archive may unpack to however small it is: beyond that it is taken for a bomb, by its ratio.</param>
    public LayerStore(string directory, long bytesAlwaysAllowed = BytesAlwaysAllowedDefault)
    {
        _bytesAlwaysAllowed = bytesAlwaysAllowed;
        _layers = Path.Combine(directory, "layers");
        _staging = Path.Combine(directory, "staging");
        StateRoot.Make(directory);
        Directory.CreateDirectory(_layers, OwnerOnly);
        Directory.CreateDirectory(_staging, OwnerOnly);
    }

    public bool Has(Digest diffId) => Directory.Exists(PathOf(diffId));

    /// <summary>The directory of a layer, which may not be there.</summary>
    public string PathOf(Digest diffId) => SharedImages.PathOf(Path.Combine(_layers, diffId.Hex), $"layers/{diffId.Hex}");

    /// <summary>Unpacks a layer while it arrives.</summary>
    /// <param name="layer">The blob's bytes, perhaps compressed.</param>
    /// <param name="diffId">What the archive inside must be; null when nobody has said so.</param>
    /// <param name="finish">Called when the archive was read and before the layer is believed: it reads what is left of the blob and checks it.</param>
    /// <param name="isOurs">It was made here, of files that are here: however well it is packed it is no bomb.</param>
    /// <exception cref="ImageException">It is damaged, hostile, or another.</exception>
    public UnpackedLayer Unpack(Stream layer, Digest? diffId, Action finish, bool isOurs = false)
    {
        string staging = Path.Combine(_staging, Path.GetRandomFileName());
        Directory.CreateDirectory(staging, TopMode);
        try
        {
            // Whoever sweeps leaves alone what is locked.
            using SafeFileHandle root = Files.Open(staging, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            FileContents.Flock(root);
            Files.Fchmod(root, TopMode);
            using IncrementalHash hash = diffId?.NewHash() ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long bytes = Unpack(root, layer, hash, isOurs ? long.MaxValue : _bytesAlwaysAllowed, isPromised: diffId is not null);
            finish();
            byte[] found = hash.GetHashAndReset();
            Digest digest = diffId ?? Digest.OfSha256(found);
            if (!digest.Matches(found))
            {
                throw new ImageException(ImageFailure.Damaged, $"the archive of the layer {diffId} is another");
            }

            Place(staging, digest);
            return new UnpackedLayer(digest, bytes);
        }
        catch
        {
            FileTrees.Remove(staging);
            throw;
        }
    }

    /// <summary>The names of all layers: the digits of their archives' digests.</summary>
    public IEnumerable<string> List() => Directory.EnumerateDirectories(_layers).Select(path => Path.GetFileName(path));

    /// <summary>Takes away what dead processes left half-made.</summary>
    public void Sweep()
    {
        foreach (string path in Directory.GetDirectories(_staging))
        {
            using SafeFileHandle directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            if (FileContents.TryFlock(directory))
            {
                FileTrees.Remove(path);
            }
        }
    }

    /// <summary>Removes a layer: first its name, so that none is ever found half gone.</summary>
    /// <param name="name">One of <see cref="List"/>.</param>
    public void RemoveLayer(string name)
    {
        string doomed = Path.Combine(_staging, Path.GetRandomFileName());
        Directory.Move(Path.Combine(_layers, name), doomed);
        FileTrees.Remove(doomed);
    }

    private static long Unpack(SafeFileHandle root, Stream layer, IncrementalHash hash, long alwaysAllowed, bool isPromised, ArchiveKind kind = ArchiveKind.Layer)
    {
        try
        {
            using CountedStream packed = new(layer);
            using Stream archive = Decompression.Open(packed);
            using MeasuredStream measured = new(archive, hash, packed, alwaysAllowed);
            using ReadAheadStream ahead = new(measured);
            using LayerUnpacker unpacker = new(root, kind);

            // GZipStream takes a stream that is cut off for one that has ended. Where a digest was promised that is found out anyway.
            unpacker.Unpack(new TarReader(ahead, endNeeded: !isPromised && archive is GZipStream));

            // What lies behind an archive's last block belongs to its digest too.
            ahead.CopyTo(Stream.Null);
            return unpacker.Bytes;
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw new ImageException(ImageFailure.Damaged, $"the archive cannot be unpacked: {failure.Message}", cause: failure);
        }
    }

    /// <summary>Unpacks an archive of images, to be read and then removed.</summary>
    internal (string Path, SafeFileHandle Root) Spool(Stream archive)
    {
        (string staging, SafeFileHandle root) = Scratch();
        try
        {
            using IncrementalHash unused = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Unpack(root, archive, unused, _bytesAlwaysAllowed, isPromised: false, ArchiveKind.Images);
            return (staging, root);
        }
        catch
        {
            root.Dispose();
            FileTrees.Remove(staging);
            throw;
        }
    }

    /// <summary>Unpacks an archive of files, compressed or not, which is no layer: names that hide others in one are names like any.</summary>
    /// <returns>A directory with them, and a descriptor that keeps it from being swept. The caller removes it.</returns>
    /// <exception cref="ImageException">It is damaged, cut off, or tries to reach outside.</exception>
    public (string Path, SafeFileHandle Root) SpoolFiles(Stream archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        (string staging, SafeFileHandle root) = Scratch();
        try
        {
            using Stream inner = Decompression.Open(archive);
            using LayerUnpacker unpacker = new(root, ArchiveKind.Files);
            unpacker.Unpack(new TarReader(inner, endNeeded: true));
            inner.CopyTo(Stream.Null);
            return (staging, root);
        }
        catch (Exception failure)
        {
            root.Dispose();
            FileTrees.Remove(staging);
            if (failure is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
            {
                throw new ImageException(ImageFailure.Damaged, $"the archive cannot be unpacked: {failure.Message}", cause: failure);
            }

            throw;
        }
    }

    /// <summary>An empty directory, to be removed by the caller; it is locked, so that nobody sweeps it.</summary>
    internal (string Path, SafeFileHandle Root) Scratch()
    {
        string staging = Path.Combine(_staging, Path.GetRandomFileName());
        Directory.CreateDirectory(staging, OwnerOnly);
#pragma warning disable CA2000 // It goes to the caller.
        SafeFileHandle root = Files.Open(staging, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
#pragma warning restore CA2000
        FileContents.Flock(root);
        return (staging, root);
    }

    private void Place(string staging, Digest diffId)
    {
        try
        {
            Files.RenameAt2(Descriptor.WorkingDirectory, staging, Descriptor.WorkingDirectory, Path.Combine(_layers, diffId.Hex), RenameFlags.RENAME_NOREPLACE);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EEXIST && Has(diffId))
        {
            // Somebody else was faster with the same.
            FileTrees.Remove(staging);
        }
    }
}

/// <summary>A layer that is here now.</summary>
/// <param name="DiffId">The digest of the archive inside.</param>
/// <param name="Bytes">Of its files.</param>
public sealed record UnpackedLayer(Digest DiffId, long Bytes);
