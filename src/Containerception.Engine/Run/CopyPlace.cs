using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The files that one end of a copy sees: the host's, or a container's. A container's names are resolved below its root by the kernel, once,
/// and what they were then is an open directory and one name in it: links that are swapped later lead nowhere (CVE-2018-15664).
/// </summary>
/// <param name="root">The root directory; borrowed.</param>
/// <param name="name">How errors call it: <c>container web</c>; null for the host.</param>
internal sealed class CopyPlace(SafeFileHandle root, string? name)
{
    private ResolveFlags Resolution => name is null ? ResolveFlags.None : ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS;

    /// <summary>The source of a copy.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public CopySource OpenSource(string path, bool followsLink)
    {
        bool isContents = path.EndsWith("/.", StringComparison.Ordinal) || path == ".";
        string clean = Clean(path);
        SafeFileHandle file = TryOpen(clean, OpenFlags.O_PATH | (followsLink || isContents || path.EndsWith('/') ? 0 : OpenFlags.O_NOFOLLOW)) ?? throw Missing(path);
        bool isDirectory = FileStatuses.Statx(file).IsDirectory;
        if (!isDirectory && (isContents || path.EndsWith('/')))
        {
            file.Dispose();
            throw EngineException.Invalid($"{path}: not a directory");
        }

        // "/" and "dir/." have no name of their own: their contents go where they are sent.
        string own = clean[(clean.LastIndexOf('/') + 1)..];
        return new CopySource(file, own is "" or "." or ".." || isContents ? null : own, isDirectory);
    }

    /// <summary>Where a copy goes: docker's rules (`docker cp --help`, and the manual's table).</summary>
    /// <exception cref="EngineException">It cannot go there.</exception>
    public CopyTarget OpenTarget(string path, CopySource source)
    {
        string clean = Clean(path);
        using (SafeFileHandle? there = TryOpen(clean, OpenFlags.O_PATH))
        {
            if (there is not null && FileStatuses.Statx(there).IsDirectory)
            {
                SafeFileHandle directory = Files.TryOpenAt2(there, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_BENEATH) ?? throw Missing(path);
                return new CopyTarget(directory, source.Name);
            }

            if (there is not null && source.IsDirectory)
            {
                throw EngineException.Invalid($"cannot copy directory to the file {path}");
            }

            if (there is null && path.EndsWith('/') && !source.IsDirectory)
            {
                throw new EngineException(FailureKind.NotFound, $"no such directory: {path}", "make it first");
            }

            if (there is not null && !FileStatuses.Statx(there).IsRegular)
            {
                throw EngineException.Invalid($"{path} is neither a file nor a directory");
            }
        }

        int slash = clean.LastIndexOf('/');
        SafeFileHandle parent = TryOpen(slash <= 0 ? (slash == 0 ? "/" : ".") : clean[..slash], OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
            ?? throw Missing(slash <= 0 ? "/" : clean[..slash]);
        return new CopyTarget(parent, clean[(slash + 1)..]);
    }

    /// <summary>Where an archive is unpacked: a directory that is there.</summary>
    /// <exception cref="EngineException">It is not.</exception>
    public CopyTarget OpenDirectory(string path)
    {
        using SafeFileHandle there = TryOpen(Clean(path), OpenFlags.O_PATH) ?? throw Missing(path);
        if (!FileStatuses.Statx(there).IsDirectory)
        {
            throw EngineException.Invalid($"{path} is no directory: an archive is unpacked into one");
        }

        SafeFileHandle directory = Files.TryOpenAt2(there, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_BENEATH) ?? throw Missing(path);
        return new CopyTarget(directory, Name: null);
    }

    private SafeFileHandle? TryOpen(string path, OpenFlags flags)
    {
        try
        {
            return Files.TryOpenAt2(root, path, flags, Resolution);
        }
        catch (LinuxException none) when (none.Errno == Errno.ENOTDIR)
        {
            return null;
        }
    }

    // No slash and no "/." at the end; the root stays "/".
    private static string Clean(string path)
    {
        string clean = path;
        while (clean.EndsWith('/') || clean.EndsWith("/.", StringComparison.Ordinal))
        {
            clean = clean[..^(clean.EndsWith('/') ? 1 : 2)];
        }

        return clean.Length == 0 ? "/" : clean;
    }

    private EngineException Missing(string path) => name is null
        ? new EngineException(FailureKind.NotFound, $"lstat {path}: no such file or directory")
        : new EngineException(FailureKind.NotFound, $"Could not find the file {path} in {name}");
}

/// <summary>What is copied.</summary>
/// <param name="File">O_PATH.</param>
/// <param name="Name">Its name where it arrives in a directory; null when it is a directory whose contents are meant.</param>
/// <param name="IsDirectory">It is a directory.</param>
internal sealed record CopySource(SafeFileHandle File, string? Name, bool IsDirectory) : IDisposable
{
    public void Dispose() => File.Dispose();
}

/// <summary>Where it goes.</summary>
/// <param name="Directory">Open for reading.</param>
/// <param name="Name">The name in it; null to merge into the directory itself.</param>
internal sealed record CopyTarget(SafeFileHandle Directory, string? Name) : IDisposable
{
    public void Dispose() => Directory.Dispose();
}
