using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Copies files and trees from one directory to another, either of which may be a container's that changes links while it is read: every
/// name is one step from an open directory, and no link is ever followed (CVE-2018-15664). A file is copied in the length it had when it was
/// met, so that one that grows has an end.
/// </summary>
/// <param name="owner">Who gets a file that somebody has.</param>
/// <param name="isTrusted">Set-user-id bits, file capabilities and devices are copied too; a container's must not come to the host.</param>
internal sealed class TreeCopy(Func<FileStatus, (uint Uid, uint Gid)> owner, bool isTrusted)
{
    // Each level holds two descriptors. Trees of people are not deeper; those of attackers are.
    private const int DepthMax = 400;

    private const OpenFlags Look = OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW;
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.StickyBit;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A tar archive's block: what docker says was copied is the archive's size.
    private const long Block = 512;

    private static readonly string[] KeptAttributes = ["security.capability", "system.posix_acl_access", "system.posix_acl_default"];

    private readonly Dictionary<(DeviceNumber, ulong), string> _linked = [];
    private SafeFileHandle? _top;

    /// <summary>As much as an archive of it would have.</summary>
    public long ArchiveBytes { get; private set; } = 2 * Block;

    /// <summary>Copies a file or directory to a name in a directory: a directory is merged into one that is there.</summary>
    /// <param name="file">O_PATH; of a link, the link itself.</param>
    /// <param name="to">Open for reading.</param>
    /// <param name="newName">The name there.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    /// <exception cref="EngineException">A directory is where a file should go, or a file where a directory should.</exception>
    public void Copy(SafeFileHandle file, SafeFileHandle to, string newName)
    {
        _top = to;
        Copy(file, to, newName, newName, 0);
    }

    /// <summary>Copies what is in a directory into another, which stays what it is.</summary>
    public void CopyContents(SafeFileHandle from, SafeFileHandle to)
    {
        _top = to;
        Fill(from, to, "", 0);
    }

    /// <summary>Gives a directory the mode, owner, times and attributes of another.</summary>
    public void Describe(SafeFileHandle from, SafeFileHandle to) => Describe(from, to, FileStatuses.Statx(from));

    private void Copy(SafeFileHandle file, SafeFileHandle to, string name, string path, int depth)
    {
        FileStatus status = FileStatuses.Statx(file);
        ArchiveBytes += Block + (status.IsRegular ? (long)(status.Size + Block - 1) / Block * Block : 0);
        if (status.IsDirectory)
        {
            CopyDirectory(file, status, to, name, path, depth);
            return;
        }

        if (status.Links > 1 && _linked.TryGetValue((status.Device, status.Inode), out string? first) && TryLink(first, to, name))
        {
            return;
        }

        switch (status.Type)
        {
            case FileType.S_IFREG:
                MakeRoom(to, name);
                CopyContent(file, status, to, name);
                break;
            case FileType.S_IFLNK:
                MakeRoom(to, name);
                Files.SymlinkAt(Files.ReadLinkAt(file, ""), to, name);
                DescribeLink(status, to, name);
                break;
            case FileType.S_IFSOCK:
                // Nobody listens to the copy of one.
                return;
            case FileType.S_IFIFO:
            case not FileType.None when isTrusted:
                MakeRoom(to, name);
                Files.MknodAt(to, name, status.Type, OwnerOnly, status.RepresentedDevice);
                using (SafeFileHandle made = Files.OpenAt(to, name, Look))
                {
                    Own(made, status);
                    Files.FchmodAt(Descriptor.WorkingDirectory, Descriptor.MagicLink(made), status.Permissions & Everybody);
                }

                break;
            default:
                throw new EngineException(FailureKind.Unsupported, $"{path} is a device: those of containers are not made on the host");
        }

        if (status.Links > 1)
        {
            _linked[(status.Device, status.Inode)] = path;
        }
    }

    private void CopyDirectory(SafeFileHandle file, FileStatus status, SafeFileHandle to, string name, string path, int depth)
    {
        if (depth >= DepthMax)
        {
            throw new EngineException(FailureKind.Unsupported, $"{path}: more than {DepthMax} directories in one another");
        }

        if (!Files.TryMkdirAt(to, name, OwnerOnly | UnixFileMode.UserExecute)
            && !FileStatuses.Statx(to, name, AtFlags.AT_SYMLINK_NOFOLLOW).IsDirectory)
        {
            throw new EngineException(FailureKind.Conflict, $"cannot overwrite non-directory \"{path}\" with directory");
        }

        using SafeFileHandle target = Files.OpenAt(to, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
        Fill(file, target, path + "/", depth);
        Describe(file, target, status);
    }

    private void Fill(SafeFileHandle from, SafeFileHandle to, string path, int depth)
    {
        using SafeFileHandle readable = Files.OpenAt(from, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        foreach (DirectoryEntry entry in Directories.Read(readable))
        {
            // Null: it went since the directory was read.
            using SafeFileHandle? file = Files.TryOpenAt2(readable, entry.Name, Look, ResolveFlags.RESOLVE_BENEATH);
            if (file is not null)
            {
                Copy(file, to, entry.Name, path + entry.Name, depth + 1);
            }
        }
    }

    // By its path below the top, and through no link: the directories are those that were made here, or the file is copied once more.
    private bool TryLink(string first, SafeFileHandle to, string name)
    {
        const ResolveFlags Below = ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_SYMLINKS;
        int slash = first.LastIndexOf('/');
        try
        {
            using SafeFileHandle parent = Files.OpenAt2(_top!, slash < 0 ? "." : first[..slash], OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, Below);
            MakeRoom(to, name);
            Files.LinkAt(parent, first[(slash + 1)..], to, name);
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static void MakeRoom(SafeFileHandle to, string name)
    {
        if (FileStatuses.TryStatx(to, name, AtFlags.AT_SYMLINK_NOFOLLOW) is not FileStatus there)
        {
            return;
        }

        if (there.IsDirectory)
        {
            throw new EngineException(FailureKind.Conflict, $"cannot overwrite directory \"{name}\" with non-directory");
        }

        Files.TryUnlinkAt(to, name);
    }

    private void CopyContent(SafeFileHandle file, FileStatus status, SafeFileHandle to, string name)
    {
        using SafeFileHandle source = Files.Reopen(file, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK);
        using SafeFileHandle target = Files.OpenAt(to, name, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW, OwnerOnly);
        Transfer(source, target, (long)status.Size);
        Describe(source, target, status);
    }

    private static void Transfer(SafeFileHandle source, SafeFileHandle target, long length)
    {
        try
        {
            while (length > 0 && FileContents.CopyRange(source, target, length) is long copied and > 0)
            {
                length -= copied;
            }

            return;
        }
        catch (LinuxException otherwise) when (otherwise.Errno is Errno.EXDEV or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOSYS)
        {
            // Between two kinds of file systems, or two mounts of an overlay: by hand, from where it stopped.
        }

        byte[] buffer = new byte[(int)Math.Min(length, 1 << 20)];
        while (length > 0 && FileContents.Read(source, buffer.AsSpan(0, (int)Math.Min(length, buffer.Length))) is int count and > 0)
        {
            FileContents.WriteAll(target, buffer.AsSpan(0, count));
            length -= count;
        }
    }

    // Owner before mode and capabilities: a change of owner takes both away.
    private void Describe(SafeFileHandle source, SafeFileHandle target, FileStatus status)
    {
        Own(target, status);
        Files.Fchmod(target, isTrusted ? status.Permissions : status.Permissions & Everybody);
        if (isTrusted)
        {
            using SafeFileHandle? readable = status.IsDirectory ? Files.OpenAt(source, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY) : null;
            CopyAttributes(readable ?? source, target);
        }

        FileTimes.Set(target, status.Modified);
    }

    private static void CopyAttributes(SafeFileHandle source, SafeFileHandle target)
    {
        string[] names;
        try
        {
            names = ExtendedAttributes.List(source);
        }
        catch (LinuxException none) when (none.Errno == Errno.EOPNOTSUPP)
        {
            return;
        }

        foreach (string name in names)
        {
            if ((KeptAttributes.Contains(name) || name.StartsWith("user.", StringComparison.Ordinal)) && ExtendedAttributes.TryGet(source, name) is byte[] value)
            {
                TrySet(target, name, value);
            }
        }
    }

    private static void TrySet(SafeFileHandle target, string name, byte[] value)
    {
        try
        {
            ExtendedAttributes.Set(target, name, value);
        }
        catch (LinuxException none) when (none.Errno == Errno.EOPNOTSUPP)
        {
            // A file system without such attributes, as docker takes it.
        }
    }

    private void DescribeLink(FileStatus status, SafeFileHandle to, string name)
    {
        (uint uid, uint gid) = owner(status);
        Files.FchownAt(to, name, uid, gid, AtFlags.AT_SYMLINK_NOFOLLOW);
        FileTimes.Set(to, name, status.Modified);
    }

    private void Own(SafeFileHandle target, FileStatus status)
    {
        (uint uid, uint gid) = owner(status);
        Files.FchownAt(target, "", uid, gid, AtFlags.AT_EMPTY_PATH);
    }
}
