using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>What a tree's archive is for.</summary>
public enum TreeUse
{
    /// <summary>A whole file system: every file is what it is.</summary>
    FileSystem,

    /// <summary>A layer: overlayfs's marks of what is gone become those of the image-spec.</summary>
    Layer,
}

/// <summary>
/// Writes a tree of files as an archive, in the order of their names. It may be a running container's: each file is opened once, never
/// through a link, and is what its descriptor says, whatever becomes of its name.
/// </summary>
/// <param name="use">What the archive is for.</param>
/// <param name="firstId">What is the container's root on the host; files of ids from here on are told as the container sees them.</param>
public sealed class TreeArchiver(TreeUse use, uint firstId)
{
    private const uint IdsMax = 0x1_0000;

    /// <summary>Longer ones nobody could unpack: PATH_MAX.</summary>
    private const int PathLengthMax = 4096;

    private const OpenFlags Reading = OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW | OpenFlags.O_NONBLOCK;

    private readonly byte[] _buffer = new byte[1 << 17];

    /// <summary>Files with several names, by the first that was met.</summary>
    private readonly Dictionary<(DeviceNumber Device, ulong Inode), string> _links = [];

    /// <exception cref="ImageException">A path is too long.</exception>
    /// <exception cref="LinuxException">A file cannot be read.</exception>
    public void Write(SafeFileHandle root, Stream archive)
    {
        TarWriter writer = new(archive);
        WriteDirectory(writer, root, "");
        writer.End();
    }

    /// <summary>Writes one file, or a directory and what is in it, by a name of its own.</summary>
    /// <param name="file">May be an O_PATH one; of a link, the link itself.</param>
    /// <param name="name">Its name in the archive.</param>
    /// <param name="archive">Where it goes.</param>
    /// <exception cref="ImageException">A path is too long.</exception>
    /// <exception cref="LinuxException">A file cannot be read.</exception>
    public void Write(SafeFileHandle file, string name, Stream archive)
    {
        TarWriter writer = new(archive);
        FileStatus status = FileStatuses.Statx(file);
        switch (status.Type)
        {
            case FileType.S_IFDIR:
                using (SafeFileHandle directory = Files.OpenAt(file, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
                {
                    writer.Begin(Entry(name + "/", status, TarEntryKind.Directory) with { Attributes = AttributesOf(directory) });
                    WriteDirectory(writer, directory, name + "/");
                }

                break;
            case FileType.S_IFREG:
                using (SafeFileHandle content = Files.Reopen(file, OpenFlags.O_RDONLY))
                {
                    WriteContent(writer, content, name, status);
                }

                break;
            case FileType.S_IFLNK:
                writer.Begin(Entry(name, status, TarEntryKind.SymbolicLink) with { LinkName = Files.ReadLinkAt(file, "") });
                break;
            default:
                writer.Begin(Entry(name, status, KindOf(status.Type)));
                break;
        }

        writer.End();
    }

    private void WriteDirectory(TarWriter writer, SafeFileHandle directory, string path)
    {
        if (path.Length > PathLengthMax)
        {
            throw new ImageException(ImageFailure.Unsupported, $"{path[..64]}…: a path is longer than {PathLengthMax} characters");
        }

        using SafeFileHandle readable = Files.OpenAt(directory, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        List<DirectoryEntry> entries = Directories.Read(readable);
        entries.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        foreach (DirectoryEntry entry in entries)
        {
            // It may be gone by now: then it is not there.
            if (FileStatuses.TryStatx(directory, entry.Name, AtFlags.AT_SYMLINK_NOFOLLOW) is { } status)
            {
                WriteMember(writer, directory, entry.Name, path, status);
            }
        }
    }

    private void WriteMember(TarWriter writer, SafeFileHandle parent, string name, string path, FileStatus status)
    {
        if (use == TreeUse.Layer && name.StartsWith(Overlay.WhiteoutPrefix, StringComparison.Ordinal))
        {
            throw new ImageException(
                ImageFailure.Unsupported, $"{path}{name}: a layer has no room for this name: it would hide another file", $"names must not begin with {Overlay.WhiteoutPrefix}");
        }

        switch (status.Type)
        {
            case FileType.S_IFDIR:
                WriteSubdirectory(writer, parent, name, path);
                break;
            case FileType.S_IFREG:
                WriteFile(writer, parent, name, path + name);
                break;
            case FileType.S_IFLNK:
                writer.Begin(Entry(path + name, status, TarEntryKind.SymbolicLink) with { LinkName = Files.ReadLinkAt(parent, name) });
                break;
            case FileType.S_IFCHR when use == TreeUse.Layer && Overlay.IsWhiteout(status):
                writer.Begin(Entry(path + Overlay.WhiteoutPrefix + name, status, TarEntryKind.File) with { Mode = UnixFileMode.None });
                break;
            case FileType.S_IFCHR or FileType.S_IFBLK or FileType.S_IFIFO:
                writer.Begin(Entry(path + name, status, KindOf(status.Type)));
                break;
            default:
                // A socket is no content: nobody listens once it is unpacked.
                break;
        }
    }

    private void WriteSubdirectory(TarWriter writer, SafeFileHandle parent, string name, string path)
    {
        using SafeFileHandle? directory = TryOpen(parent, name, Reading | OpenFlags.O_DIRECTORY);
        if (directory is null)
        {
            return;
        }

        string below = $"{path}{name}/";
        writer.Begin(Entry(below, FileStatuses.Statx(directory), TarEntryKind.Directory) with { Attributes = AttributesOf(directory) });
        if (use == TreeUse.Layer && Overlay.IsOpaque(directory))
        {
            writer.Begin(Entry(below + Overlay.OpaqueName, FileStatuses.Statx(directory), TarEntryKind.File) with { Mode = UnixFileMode.None });
        }

        WriteDirectory(writer, directory, below);
    }

    private void WriteFile(TarWriter writer, SafeFileHandle parent, string name, string path)
    {
        using SafeFileHandle? file = TryOpen(parent, name, Reading);
        if (file is null || FileStatuses.Statx(file) is not { IsRegular: true } status)
        {
            return;
        }

        if (status.Links > 1)
        {
            if (_links.TryGetValue((status.Device, status.Inode), out string? first))
            {
                writer.Begin(Entry(path, status, TarEntryKind.HardLink) with { LinkName = first });
                return;
            }

            _links[(status.Device, status.Inode)] = path;
        }

        WriteContent(writer, file, path, status);
    }

    private void WriteContent(TarWriter writer, SafeFileHandle file, string path, FileStatus status)
    {
        long left = (long)status.Size;
        writer.Begin(Entry(path, status, TarEntryKind.File) with { Size = left, StoredSize = left, Attributes = AttributesOf(file) });
        while (left > 0)
        {
            int count = FileContents.Read(file, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, left)));
            if (count == 0)
            {
                // It was made shorter meanwhile; its header is out already.
                count = (int)Math.Min(_buffer.Length, left);
                _buffer.AsSpan(0, count).Clear();
            }

            writer.Write(_buffer.AsSpan(0, count));
            left -= count;
        }
    }

    private TarEntry Entry(string name, FileStatus status, TarEntryKind kind) => new()
    {
        Name = name,
        LinkName = "",
        Kind = kind,
        Mode = status.Permissions,
        Uid = Inside(status.Uid),
        Gid = Inside(status.Gid),
        StoredSize = 0,
        Size = 0,
        Device = status.RepresentedDevice,
        Modified = DateTimeOffset.FromUnixTimeSeconds(status.Modified.ToUnixTimeSeconds()),
        Attributes = [],
    };

    private uint Inside(uint id) => firstId > 0 && id >= firstId && id - firstId < IdsMax ? id - firstId : id;

    private static List<(string Name, byte[] Value)> AttributesOf(SafeFileHandle file)
    {
        List<(string, byte[])> attributes = [];
        foreach (string name in ExtendedAttributes.List(file).Order(StringComparer.Ordinal))
        {
            if (Overlay.IsKept(name) && ExtendedAttributes.TryGet(file, name) is { } value)
            {
                attributes.Add((name, value));
            }
        }

        return attributes;
    }

    /// <summary>null when it is gone, or something else now.</summary>
    private static SafeFileHandle? TryOpen(SafeFileHandle parent, string name, OpenFlags flags)
    {
        try
        {
            return Files.OpenAt(parent, name, flags);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP or Errno.ENXIO)
        {
            return null;
        }
    }

    private static TarEntryKind KindOf(FileType type) => type switch
    {
        FileType.S_IFCHR => TarEntryKind.CharacterDevice,
        FileType.S_IFBLK => TarEntryKind.BlockDevice,
        _ => TarEntryKind.Fifo,
    };
}
