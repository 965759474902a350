using System.Security.Cryptography;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// An unpacked archive of images, or a directory that is one: a stranger's either way. Links in it are followed, since docker's older
/// archives have them, but never out of it; only regular files are opened.
/// </summary>
internal sealed class LayoutDirectory : IDisposable
{
    private const ResolveFlags Inside = ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS;
    private readonly SafeFileHandle _root;
    private readonly string? _ours;

    private LayoutDirectory(SafeFileHandle root, string? ours) => (_root, _ours) = (root, ours);

    /// <summary>A user's directory: what is wanted of it is copied.</summary>
    public static LayoutDirectory Open(string path)
    {
#pragma warning disable CA2000 // It is the layout's, which closes it.
        return new LayoutDirectory(Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY), ours: null);
#pragma warning restore CA2000
    }

    /// <summary>Unpacks an archive, perhaps compressed, below a directory of ours; what is wanted of it becomes the store's, the rest is removed.</summary>
    public static LayoutDirectory Unpack(Stream archive, LayerStore layers)
    {
        (string path, SafeFileHandle root) = layers.Spool(archive);
        return new LayoutDirectory(root, path);
    }

    /// <summary>A directory of ours with nothing in it yet.</summary>
    public static LayoutDirectory Empty(LayerStore layers)
    {
        (string path, SafeFileHandle root) = layers.Scratch();
        return new LayoutDirectory(root, path);
    }

    /// <summary>Makes a file in a directory of ours.</summary>
    public FileStream Create(string name)
    {
        const OpenFlags NewFile = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW;
#pragma warning disable CA2000 // It is the stream's, which is the caller's.
        return new FileStream(Files.OpenAt(_root, name, NewFile, UnixFileMode.UserRead | UnixFileMode.UserWrite), FileAccess.Write, bufferSize: 0);
#pragma warning restore CA2000
    }

    public bool Has(string path)
    {
        using SafeFileHandle? file = TryOpen(path);
        return file is not null;
    }

    /// <summary>A document; null when there is none.</summary>
    /// <exception cref="ImageException">It is too large.</exception>
    public byte[]? TryRead(string path)
    {
        using SafeFileHandle? file = TryOpen(path);
        if (file is null)
        {
            return null;
        }

        return FileStatuses.Statx(file).Size <= ConfigDocumentLimits.BytesMax
            ? FileContents.ReadAll(file, ConfigDocumentLimits.BytesMax)
            : throw new ImageException(ImageFailure.Damaged, $"the archive's {path} is larger than {ConfigDocumentLimits.BytesMax} bytes");
    }

    /// <summary>Puts a file into the store, by its digest.</summary>
    /// <param name="path">Where it is here.</param>
    /// <param name="wanted">What it must be; null when nobody has said so.</param>
    /// <param name="contents">The store.</param>
    /// <returns>Its digest and size, and what it is compressed with: the first bytes.</returns>
    /// <exception cref="ImageException">It is not there, or another.</exception>
    public ContentDescriptor Take(string path, Digest? wanted, ContentStore contents)
    {
        using SafeFileHandle file = TryOpen(path) ?? throw new ImageException(ImageFailure.Damaged, $"the archive has no file {path}");
        (Digest digest, long size, byte[] start) = Measure(file, wanted);
        if (wanted is { } expected && digest != expected)
        {
            throw new ImageException(ImageFailure.Damaged, $"the archive's {path} is another content: {digest}");
        }

        if (!contents.Has(digest))
        {
            if (_ours is null)
            {
                Copy(file, digest, contents);
            }
            else
            {
                Link(file, digest, contents);
            }
        }

        return new ContentDescriptor { MediaType = Decompression.MediaTypeOf(start), Digest = digest, Size = size };
    }

    public void Dispose()
    {
        _root.Dispose();
        if (_ours is not null)
        {
            FileTrees.Remove(_ours);
        }
    }

    private SafeFileHandle? TryOpen(string path)
    {
        try
        {
            // To open a device is to use it: a watchdog starts, a tape rewinds. So first what the name stands for, and then what it is.
            using SafeFileHandle? found = Files.TryOpenAt2(_root, path, OpenFlags.O_PATH, Inside);
            return found is not null && FileStatuses.Statx(found).IsRegular ? Files.Reopen(found, OpenFlags.O_RDONLY) : null;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOTDIR or Errno.ELOOP or Errno.ENAMETOOLONG)
        {
            return null;
        }
    }

    private static (Digest Digest, long Size, byte[] Start) Measure(SafeFileHandle file, Digest? wanted)
    {
        using IncrementalHash hash = wanted?.NewHash() ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 18];
        byte[] start = [];
        long size = 0;
        int count;
        while ((count = RandomAccess.Read(file, buffer, size)) > 0)
        {
            start = size == 0 ? buffer.AsSpan(0, Math.Min(count, Decompression.MagicLength)).ToArray() : start;
            hash.AppendData(buffer, 0, count);
            size += count;
        }

        byte[] found = hash.GetHashAndReset();
        return (wanted is { } digest && digest.Matches(found) ? digest : Digest.OfSha256(found.AsSpan(0, SHA256.HashSizeInBytes)), size, start);
    }

    private static void Copy(SafeFileHandle file, Digest digest, ContentStore contents)
    {
        using BlobWriter writer = contents.Begin(digest);
        writer.Restart();
        byte[] buffer = new byte[1 << 18];
        int count;
        while ((count = RandomAccess.Read(file, buffer, writer.Length)) > 0)
        {
            writer.Append(buffer.AsSpan(0, count));
        }

        writer.Commit();
    }

    // Nobody but us has it open: it was unpacked for this.
    private static void Link(SafeFileHandle file, Digest digest, ContentStore contents)
    {
        Files.Fchmod(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Files.FchownAt(file, "", uid: 0, gid: 0, AtFlags.AT_EMPTY_PATH);
        string path = contents.PathOf(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            Files.LinkAt(file, "", Descriptor.WorkingDirectory, path, AtFlags.AT_EMPTY_PATH);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EEXIST)
        {
            // Somebody else was faster with the same.
        }
    }
}
