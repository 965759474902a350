using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>What is unpacked.</summary>
internal enum ArchiveKind
{
    /// <summary>Names that begin with .wh. hide what is in layers below.</summary>
    Layer,

    /// <summary>A container's files: names are names.</summary>
    Files,

    /// <summary>An archive of images, to be read and removed: there is no use for devices in it, and none are made.</summary>
    Images,
}

/// <summary>
/// Makes a layer's files in a directory, as overlayfs wants a layer to be. Every name is resolved below the directory, by descriptors, and
/// no link on the way leads out of it: the archive is a stranger's (CVE-2021-32760, CVE-2025-47290, CVE-2026-17106).
/// </summary>
/// <param name="root">The directory; borrowed.</param>
/// <param name="kind">What the archive is.</param>
internal sealed class LayerUnpacker(SafeFileHandle root, ArchiveKind kind = ArchiveKind.Layer) : IDisposable
{
    private const ResolveFlags Inside = ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS;
    private const UnixFileMode ParentMode = (UnixFileMode)0x1ED; // 0755

    /// <summary>More than any image has; an archive of nothing but names would else fill a disk with inodes, and us with directories' times.</summary>
    private const int EntriesMax = 4_000_000;

    /// <summary>A range of subuid(5) has at least as many, as distributions give them.</summary>
    private const long IdsOfOneRange = 1 << 16;

    private const long DirectoryLettersMax = 256L << 20;

    private readonly EntryWriter _writer = new(makesDevices: kind != ArchiveKind.Images);

    /// <summary>Directories get their times last: each file made in them changes these.</summary>
    private readonly List<(string Path, DateTimeOffset Modified)> _directories = [];
    private long _directoryLetters;
    private string _parentPath = "";
    private SafeFileHandle? _parent;

    /// <summary>Of the files made so far.</summary>
    public long Bytes { get; private set; }

    /// <exception cref="ImageException">The archive is damaged, or tries to reach outside.</exception>
    public void Unpack(TarReader archive)
    {
        for (int count = 0; archive.Next() is { } entry; count++)
        {
            if (count == EntriesMax || _directoryLetters > DirectoryLettersMax)
            {
                throw TarHeader.Broken($"it has more than {EntriesMax} members, or too long names: it is a bomb");
            }

            try
            {
                Add(archive, entry, Names(entry.Name));
            }
            catch (LinuxException failure)
            {
                throw Refused(entry, failure);
            }
        }

        foreach ((string path, DateTimeOffset modified) in Enumerable.Reverse(_directories))
        {
            // A later entry may have put something else in its place.
            using SafeFileHandle? directory = OpenSame(path);
            if (directory is not null)
            {
                FileTimes.Set(directory, modified);
            }
        }
    }

    public void Dispose() => _parent?.Dispose();

    private void Add(TarReader archive, TarEntry entry, string[] names)
    {
        if (names.Length == 0)
        {
            DescribeTop(entry);
            return;
        }

        // Leftovers of docker's first storage driver, in old images.
        if (kind == ArchiveKind.Layer && names[..^1].Any(above => above.StartsWith(Overlay.WhiteoutMetaPrefix, StringComparison.Ordinal)))
        {
            return;
        }

        string name = names[^1];
        SafeFileHandle parent = Parent(string.Join('/', names[..^1]));
        if (kind == ArchiveKind.Layer && name.StartsWith(Overlay.WhiteoutPrefix, StringComparison.Ordinal))
        {
            WhiteOut(parent, name);
        }
        else if (entry.Kind == TarEntryKind.HardLink)
        {
            Link(parent, name, entry);
        }
        else
        {
            _writer.Make(parent, name, entry, archive);
            Bytes += entry.Kind == TarEntryKind.File ? entry.Size : 0;
            if (entry.Kind == TarEntryKind.Directory)
            {
                Remember(string.Join('/', names), entry.Modified);
            }
        }
    }

    /// <summary>"./": the layer's own top.</summary>
    private void DescribeTop(TarEntry entry)
    {
        if (entry.Kind != TarEntryKind.Directory)
        {
            throw TarHeader.Broken("its top is no directory");
        }

        EntryWriter.Describe(root, entry);
        Remember("", entry.Modified);
    }

    private void Remember(string path, DateTimeOffset modified)
    {
        _directories.Add((path, modified));
        _directoryLetters += path.Length;
    }

    /// <summary>image-spec, layer.md, "Whiteouts". What the layer itself has of that name stays, whichever comes first.</summary>
    private static void WhiteOut(SafeFileHandle parent, string name)
    {
        if (name == Overlay.OpaqueName)
        {
            using SafeFileHandle directory = Files.Reopen(parent, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            Overlay.SetOpaque(directory);
            return;
        }

        if (name.StartsWith(Overlay.WhiteoutMetaPrefix, StringComparison.Ordinal))
        {
            return;
        }

        string hidden = name[Overlay.WhiteoutPrefix.Length..];
        if (hidden is "" or "." or "..")
        {
            throw TarHeader.Broken($"\"{name}\" hides no name");
        }

        switch (FileStatuses.TryStatx(parent, hidden, AtFlags.AT_SYMLINK_NOFOLLOW))
        {
            case null:
                Overlay.MakeWhiteout(parent, hidden);
                break;
            case { IsDirectory: true }:
                using (SafeFileHandle own = Files.OpenAt(parent, hidden, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW))
                {
                    Overlay.SetOpaque(own);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>The other name is one of this layer, as image-spec demands; the file that it means is linked to, never what a link says.</summary>
    private void Link(SafeFileHandle parent, string name, TarEntry entry)
    {
        using SafeFileHandle? file = OpenSame(string.Join('/', Names(entry.LinkName)));
        if (file is null || FileStatuses.Statx(file).IsDirectory)
        {
            throw TarHeader.Broken($"\"{entry.Name}\" is a link to \"{entry.LinkName}\", which is no file of this layer");
        }

        EntryWriter.Clear(parent, name, keepDirectory: false);
        Files.LinkAt(file, "", parent, name, AtFlags.AT_EMPTY_PATH);
    }

    private SafeFileHandle Parent(string path)
    {
        if (_parent is null || _parentPath != path)
        {
            _parent?.Dispose();
            _parent = null;
            _parent = TryOpen(path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY) ?? MakeParents(path);
            _parentPath = path;
        }

        return _parent;
    }

    /// <summary>Some archives leave out the directories on the way.</summary>
    private SafeFileHandle MakeParents(string path)
    {
        SafeFileHandle at = TryOpen("", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY)!;
        string reached = "";
        foreach (string name in path.Split('/'))
        {
            using SafeFileHandle above = at;
            if (kind == ArchiveKind.Layer && name.StartsWith(Overlay.WhiteoutPrefix, StringComparison.Ordinal))
            {
                throw TarHeader.Broken($"\"{path}\" lies below a whiteout");
            }

            reached = reached.Length == 0 ? name : $"{reached}/{name}";
            at = TryOpen(reached, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY) ?? Make(above, name, reached);
        }

        return at;
    }

    private SafeFileHandle Make(SafeFileHandle above, string name, string reached)
    {
        if (Files.TryMkdirAt(above, name, ParentMode))
        {
            // mkdir(2) cuts the mode by the umask.
            Files.FchmodAt(above, name, ParentMode);
        }

        return TryOpen(reached, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY) ?? throw TarHeader.Broken($"\"{reached}\" is a link that leads nowhere");
    }

    private SafeFileHandle? TryOpen(string path, OpenFlags flags) => Files.TryOpenAt2(root, path.Length == 0 ? "." : path, flags, Inside);

    /// <summary>What has this name, link or not; null when there is none, or something else than a directory on the way.</summary>
    private SafeFileHandle? OpenSame(string path)
    {
        try
        {
            return TryOpen(path, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOTDIR or Errno.ELOOP)
        {
            return null;
        }
    }

    /// <summary>Without "." and doubled or leading slashes; ".." makes no sense in an archive but to get out.</summary>
    private static string[] Names(string path)
    {
        string[] names = [.. path.Split('/').Where(name => name is not ("" or "."))];
        return names.Contains("..") ? throw TarHeader.Broken($"\"{path}\" leads outside") : names;
    }

    private static ImageException Refused(TarEntry entry, LinuxException failure)
    {
        string message = $"the archive cannot be unpacked: {entry.Name}: {failure.Message}";
        return failure.Errno switch
        {
            Errno.ENOSPC or Errno.EDQUOT => new ImageException(ImageFailure.Disk, message, "the disk is full, or has no inodes left: cdock rmi, or give it room", failure),
            Errno.EINVAL when !Namespaces.IsInitialUser && (entry.Uid >= IdsOfOneRange || entry.Gid >= IdsOfOneRange) => new ImageException(
                ImageFailure.Unsupported, message, $"the file belongs to {entry.Uid}:{entry.Gid}, and this user has fewer ids in /etc/subuid or /etc/subgid", failure),
            Errno.EPERM => new ImageException(ImageFailure.Unsupported, message, "devices and owners need root", failure),
            Errno.EOPNOTSUPP => new ImageException(ImageFailure.Unsupported, message, "the file system has no such attributes: use another with --root", failure),
            _ => new ImageException(ImageFailure.Damaged, message, cause: failure),
        };
    }
}
