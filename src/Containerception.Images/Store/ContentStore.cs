using System.Security.Cryptography;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// <c>blobs/</c>: content by its digest. A blob is written beside, checked, and renamed into place: what has a digest for its name has that
/// digest. What was cut off stays in <c>ingest/</c> and is resumed.
/// </summary>
public sealed class ContentStore
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string _blobs;
    private readonly string _ingest;

    public ContentStore(string directory)
    {
        _blobs = Path.Combine(directory, "blobs");
        _ingest = Path.Combine(directory, "ingest");
        Directory.CreateDirectory(_blobs, DirectoryMode);
        Directory.CreateDirectory(_ingest, DirectoryMode);
    }

    public bool Has(Digest digest) => File.Exists(PathOf(digest));

    /// <summary>The file of a blob, which may not be there.</summary>
    public string PathOf(Digest digest) => SharedImages.PathOf(OwnPathOf(digest), $"blobs/{digest.Algorithm}/{digest.Hex}");

    /// <summary>A document: small content, read whole.</summary>
    /// <exception cref="ImageException">It is not there.</exception>
    public byte[] Read(Digest digest, int max = ConfigDocumentLimits.BytesMax)
    {
        try
        {
            using SafeFileHandle file = Files.Open(PathOf(digest), OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW);
            return FileContents.ReadAll(file, max);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENOENT)
        {
            throw new ImageException(ImageFailure.NotFound, $"the content {digest} is not in the store", "pull the image again", failure);
        }
    }

    /// <summary>Keeps a document.</summary>
    public void Write(Digest digest, ReadOnlySpan<byte> content)
    {
        if (!Has(digest))
        {
            using BlobWriter writer = Begin(digest);
            writer.Restart();
            writer.Append(content);
            writer.Commit();
        }
    }

    /// <summary>Begins, or goes on with, a blob. Waits while another process writes the same one.</summary>
    public BlobWriter Begin(Digest digest)
    {
        string from = Path.Combine(_ingest, $"{digest.Algorithm}-{digest.Hex}");
        Directory.CreateDirectory(Path.GetDirectoryName(OwnPathOf(digest))!, DirectoryMode);
        while (true)
        {
            BlobWriter writer = new(digest, from, OwnPathOf(digest));
            try
            {
                if (writer.TryLock())
                {
                    return writer;
                }
            }
            catch
            {
                writer.Dispose();
                throw;
            }

            writer.Dispose();
        }
    }

    /// <summary>The digests of all blobs.</summary>
    public IEnumerable<Digest> List()
    {
        foreach (string file in Directory.EnumerateFiles(_blobs, "*", SearchOption.AllDirectories))
        {
            if (Digest.TryParse($"{Path.GetFileName(Path.GetDirectoryName(file))}:{Path.GetFileName(file)}", out Digest digest))
            {
                yield return digest;
            }
        }
    }

    /// <summary>Removes a blob, and says how large it was.</summary>
    public long Remove(Digest digest)
    {
        FileInfo file = new(OwnPathOf(digest));
        long size = file.Length;
        file.Delete();
        return size;
    }

    /// <summary>Removes what was cut off and nobody goes on with, and says how much it was.</summary>
    public long RemoveLeftovers()
    {
        long size = 0;
        foreach (string path in Directory.EnumerateFiles(_ingest))
        {
            using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDWR | OpenFlags.O_NOFOLLOW);
            if (FileContents.TryFlock(file))
            {
                size += (long)FileStatuses.Statx(file).Size;
                File.Delete(path);
            }
        }

        return size;
    }

    private string OwnPathOf(Digest digest) => Path.Combine(_blobs, digest.Algorithm, digest.Hex);
}

/// <summary>Limits of documents in the store.</summary>
internal static class ConfigDocumentLimits
{
    public const int BytesMax = 4 << 20;
}

/// <summary>A blob being written; its lock is held.</summary>
public sealed class BlobWriter : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly SafeFileHandle _file;
    private readonly Digest _digest;
    private readonly string _from;
    private readonly string _to;
    private IncrementalHash _hash;
    private bool _isCommitted;

    internal BlobWriter(Digest digest, string from, string to)
    {
        (_digest, _from, _to) = (digest, from, to);
        _file = Files.Open(from, OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_NOFOLLOW, OwnerOnly);
        _hash = digest.NewHash();
    }

    /// <summary>Bytes that are there.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes of an earlier attempt: read before they are built upon.</summary>
    public long Leftover => (long)FileStatuses.Statx(_file).Size;

    /// <summary>Waits for the file; false when somebody has finished and renamed it meanwhile.</summary>
    internal bool TryLock()
    {
        FileContents.Flock(_file);
        return FileStatuses.TryStatx(Descriptor.WorkingDirectory, _from, AtFlags.None)?.Inode == FileStatuses.Statx(_file).Inode;
    }

    /// <summary>Forgets what is there; but never a blob that has its name.</summary>
    public void Restart()
    {
        if (_isCommitted)
        {
            // The open file is the blob now, and whoever else has it in an image has it from there.
            return;
        }

        FileContents.Ftruncate(_file, 0);
        Length = 0;
        _hash.Dispose();
        _hash = _digest.NewHash();
    }

    /// <summary>The bytes of an earlier attempt, in order; they count as written once they are read.</summary>
    public int ReadBack(Span<byte> buffer)
    {
        int count = RandomAccess.Read(_file, buffer, Length);
        _hash.AppendData(buffer[..count]);
        Length += count;
        return count;
    }

    public void Append(ReadOnlySpan<byte> content)
    {
        try
        {
            RandomAccess.Write(_file, content, Length);
        }
        catch (IOException failure)
        {
            throw new ImageException(ImageFailure.Disk, $"cannot keep {_digest}: {failure.Message}", "if the disk is full: cdock image prune -a, or give it room", failure);
        }

        _hash.AppendData(content);
        Length += content.Length;
    }

    /// <summary>Checks the digest and gives the blob its name. What does not fit is thrown away.</summary>
    /// <exception cref="ImageException">It is another content.</exception>
    public void Commit()
    {
        if (!_digest.Matches(_hash.GetHashAndReset()))
        {
            File.Delete(_from);
            throw new ImageException(ImageFailure.Damaged, $"the content that came as {_digest} is another", "try again; if it stays so the registry is damaged");
        }

        FileContents.Fsync(_file);
        File.Move(_from, _to, overwrite: true);
        _isCommitted = true;
    }

    /// <summary>Takes away what is there: nobody needs it. A blob that has its name stays.</summary>
    public void Abandon()
    {
        // What has the old name after a commit is another writer's.
        if (!_isCommitted)
        {
            File.Delete(_from);
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _file.Dispose();
    }
}
