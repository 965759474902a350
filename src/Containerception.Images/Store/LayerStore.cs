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
    private const long BytesAlwaysAllowed = 8L << 30;
    private const long RatioMax = 200;
    private readonly string _layers;
    private readonly string _staging;

    public LayerStore(string directory)
    {
        _layers = Path.Combine(directory, "layers");
        _staging = Path.Combine(directory, "staging");
        Directory.CreateDirectory(_layers, OwnerOnly);
        Directory.CreateDirectory(_staging, OwnerOnly);
    }

    public bool Has(Digest diffId) => Directory.Exists(PathOf(diffId));

    /// <summary>The directory of a layer, which may not be there.</summary>
    public string PathOf(Digest diffId) => Path.Combine(_layers, diffId.Hex);

    /// <summary>Unpacks a layer while it arrives.</summary>
    /// <param name="layer">The blob's bytes, perhaps compressed.</param>
    /// <param name="size">How many there will be.</param>
    /// <param name="diffId">What the archive inside must be.</param>
    /// <param name="finish">Called when the archive was read and before the layer is believed: it reads what is left of the blob and checks it.</param>
    /// <returns>Bytes of its files.</returns>
    /// <exception cref="ImageException">It is damaged, hostile, or another.</exception>
    public long Unpack(Stream layer, long size, Digest diffId, Action finish)
    {
        string staging = Path.Combine(_staging, Path.GetRandomFileName());
        Directory.CreateDirectory(staging, TopMode);
        long bytes = 0;
        try
        {
            // Whoever sweeps leaves alone what is locked.
            using SafeFileHandle root = Files.Open(staging, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            FileContents.Flock(root);
            Files.Fchmod(root, TopMode);
            using IncrementalHash hash = diffId.NewHash();
            using Stream archive = Decompression.Open(layer);
            long limit = Math.Max(BytesAlwaysAllowed, size * RatioMax);
            using MeasuredStream measured = new(archive, hash, limit, $"the layer {diffId} unpacks to more than {limit} bytes: it is a bomb");
            bytes = Unpack(root, measured);
            finish();
            if (!diffId.Matches(hash.GetHashAndReset()))
            {
                throw new ImageException(ImageFailure.Damaged, $"the archive of the layer {diffId} is another");
            }

            Files.RenameAt2(Descriptor.WorkingDirectory, staging, Descriptor.WorkingDirectory, PathOf(diffId), RenameFlags.RENAME_NOREPLACE);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EEXIST && Has(diffId))
        {
            // Somebody else was faster with the same.
            Remove(staging);
        }
        catch
        {
            Remove(staging);
            throw;
        }

        return bytes;
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
                Remove(path);
            }
        }
    }

    /// <summary>Removes a layer: first its name, so that none is ever found half gone.</summary>
    /// <param name="name">One of <see cref="List"/>.</param>
    public void RemoveLayer(string name)
    {
        string doomed = Path.Combine(_staging, Path.GetRandomFileName());
        Directory.Move(Path.Combine(_layers, name), doomed);
        Remove(doomed);
    }

    private static long Unpack(SafeFileHandle root, MeasuredStream archive)
    {
        try
        {
            using LayerUnpacker unpacker = new(root);
            unpacker.Unpack(new TarReader(archive));
            archive.Drain();
            return unpacker.Bytes;
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw new ImageException(ImageFailure.Damaged, $"the layer cannot be unpacked: {failure.Message}", cause: failure);
        }
    }

    private static void Remove(string path) => Directory.Delete(path, recursive: true);
}
