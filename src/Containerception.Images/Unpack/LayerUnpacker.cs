using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// Makes a layer's files in a directory, as overlayfs wants a layer to be. Every name is resolved below the directory, by descriptors, and
/// no link on the way leads out of it: the archive is a stranger's.
/// </summary>
internal sealed class LayerUnpacker(SafeFileHandle root) : IDisposable
{
    private const string WhiteoutPrefix = ".wh.";
    private const string WhiteoutMetaPrefix = ".wh..wh.";
    private const string OpaqueName = ".wh..wh..opq";
    private const string OpaqueAttribute = "trusted.overlay.opaque";
    private const ResolveFlags Inside = ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS;
    private const UnixFileMode ParentMode = (UnixFileMode)0x1ED; // 0755

    private readonly EntryWriter _writer = new();

    /// <summary>Directories get their times last: each file made in them changes these.</summary>
    private readonly List<(string Path, DateTimeOffset Modified)> _directories = [];
    private string _parentPath = "";
    private SafeFileHandle? _parent;

    /// <summary>Of the files made so far.</summary>
    public long Bytes { get; private set; }

    /// <exception cref="ImageException">The archive is damaged, or tries to reach outside.</exception>
    public void Unpack(TarReader archive)
    {
        while (archive.Next() is { } entry)
        {
            try
            {
                Add(archive, entry, Clean(entry.Name));
            }
            catch (LinuxException failure)
            {
                throw new ImageException(ImageFailure.Damaged, $"the layer cannot be unpacked: {entry.Name}: {failure.Message}", Hint(failure.Errno), failure);
            }
        }

        foreach ((string path, DateTimeOffset modified) in Enumerable.Reverse(_directories))
        {
            // A later entry may have put something else in its place.
            using SafeFileHandle? directory = TryOpen(path, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW | OpenFlags.O_DIRECTORY);
            if (directory is not null)
            {
                FileTimes.Set(directory, modified);
            }
        }
    }

    public void Dispose() => _parent?.Dispose();

    private void Add(TarReader archive, TarEntry entry, string path)
    {
        int slash = path.LastIndexOf('/');
        string name = path[(slash + 1)..];
        SafeFileHandle parent = Parent(slash < 0 ? "" : path[..slash]);
        if (name.Length == 0)
        {
            // "./": the layer's own top.
            EntryWriter.Describe(parent, entry);
            _directories.Add(("", entry.Modified));
        }
        else if (name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal))
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
                _directories.Add((path, entry.Modified));
            }
        }
    }

    /// <summary>image-spec, layer.md, "Whiteouts", told as overlayfs tells it: a character device 0:0, and an attribute.</summary>
    private static void WhiteOut(SafeFileHandle parent, string name)
    {
        if (name == OpaqueName)
        {
            using SafeFileHandle directory = Files.Reopen(parent, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            ExtendedAttributes.Set(directory, OpaqueAttribute, "y"u8);
        }
        else if (!name.StartsWith(WhiteoutMetaPrefix, StringComparison.Ordinal))
        {
            string hidden = name[WhiteoutPrefix.Length..];
            if (hidden is "" or "." or "..")
            {
                throw TarHeader.Broken($"\"{name}\" hides no name");
            }

            // What the layer itself has of that name is not hidden.
            if (FileStatuses.TryStatx(parent, hidden, AtFlags.AT_SYMLINK_NOFOLLOW) is null)
            {
                Files.MknodAt(parent, hidden, FileType.S_IFCHR, UnixFileMode.None);
            }
        }
    }

    /// <summary>The other name is one of this layer, as image-spec demands; the file that it means is linked to, never what a link says.</summary>
    private void Link(SafeFileHandle parent, string name, TarEntry entry)
    {
        string target = Clean(entry.LinkName);
        using SafeFileHandle? file = TryOpen(target, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW);
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
            reached = reached.Length == 0 ? name : $"{reached}/{name}";
            at = TryOpen(reached, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY) ?? Make(above, name, reached);
        }

        return at;
    }

    private SafeFileHandle Make(SafeFileHandle above, string name, string reached)
    {
        Files.TryMkdirAt(above, name, ParentMode);
        return TryOpen(reached, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY) ?? throw TarHeader.Broken($"\"{reached}\" is a link that leads nowhere");
    }

    private SafeFileHandle? TryOpen(string path, OpenFlags flags) => Files.TryOpenAt2(root, path.Length == 0 ? "." : path, flags, Inside);

    /// <summary>Without "." and doubled or leading slashes; ".." makes no sense in an archive but to get out.</summary>
    private static string Clean(string path)
    {
        string[] names = [.. path.Split('/').Where(name => name is not ("" or "."))];
        return names.Contains("..") ? throw TarHeader.Broken($"\"{path}\" leads outside") : string.Join('/', names);
    }

    private static string? Hint(Errno errno) => errno switch
    {
        Errno.ENOSPC => "the disk is full: cdock rmi, or give it room",
        Errno.EPERM => "devices and owners need root",
        _ => null,
    };
}
