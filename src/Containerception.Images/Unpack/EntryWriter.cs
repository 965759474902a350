using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>Makes one file of an archive in an open directory: content first, then owner, mode, attributes and time.</summary>
internal sealed class EntryWriter
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly byte[] _buffer = new byte[1 << 17];

    public void Make(SafeFileHandle parent, string name, TarEntry entry, TarReader archive)
    {
        Clear(parent, name, keepDirectory: entry.Kind == TarEntryKind.Directory);
        switch (entry.Kind)
        {
            case TarEntryKind.File:
                using (SafeFileHandle file = Files.OpenAt(parent, name, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW, OwnerOnly))
                {
                    Fill(file, entry, archive);
                    Describe(file, entry);
                }

                break;
            case TarEntryKind.Directory:
                Files.TryMkdirAt(parent, name, OwnerOnly | UnixFileMode.UserExecute);
                using (SafeFileHandle directory = Files.OpenAt(parent, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW))
                {
                    Describe(directory, entry);
                }

                break;
            case TarEntryKind.SymbolicLink:
                Files.SymlinkAt(entry.LinkName, parent, name);
                Files.FchownAt(parent, name, entry.Uid, entry.Gid, AtFlags.AT_SYMLINK_NOFOLLOW);
                FileTimes.Set(parent, name, entry.Modified);
                break;
            default:
                Files.MknodAt(parent, name, TypeOf(entry.Kind), entry.Mode, entry.Device);
                Files.FchownAt(parent, name, entry.Uid, entry.Gid, AtFlags.AT_SYMLINK_NOFOLLOW);

                // It is none of the links that chmod would follow: it was made just now, where nobody else looks.
                Files.FchmodAt(parent, name, entry.Mode);
                FileTimes.Set(parent, name, entry.Modified);
                break;
        }
    }

    /// <summary>Owner before mode: a change of owner takes the set-user-id bit away.</summary>
    public static void Describe(SafeFileHandle file, TarEntry entry)
    {
        using SafeFileHandle? opened = FileStatuses.Statx(file).IsDirectory ? Files.OpenAt(file, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY) : null;
        SafeFileHandle target = opened ?? file;
        Files.FchownAt(target, "", entry.Uid, entry.Gid, AtFlags.AT_EMPTY_PATH);
        Files.Fchmod(target, entry.Mode);
        foreach ((string name, byte[] value) in entry.Attributes)
        {
            if (IsKept(name))
            {
                ExtendedAttributes.Set(target, name, value);
            }
        }

        FileTimes.Set(target, entry.Modified);
    }

    /// <summary>Takes away what an earlier entry made of this name; a later one replaces it, but a directory stays for another.</summary>
    public static void Clear(SafeFileHandle parent, string name, bool keepDirectory)
    {
        if (FileStatuses.TryStatx(parent, name, AtFlags.AT_SYMLINK_NOFOLLOW) is not { } status || (status.IsDirectory && keepDirectory))
        {
            return;
        }

        if (!status.IsDirectory)
        {
            Files.UnlinkAt(parent, name);
            return;
        }

        // Links below are not followed.
        Directory.Delete($"{Descriptor.MagicLink(parent)}/{name}", recursive: true);
    }

    private void Fill(SafeFileHandle file, TarEntry entry, TarReader archive)
    {
        if (entry.Parts is null)
        {
            int count;
            while ((count = archive.Read(_buffer)) > 0)
            {
                FileContents.WriteAll(file, _buffer.AsSpan(0, count));
            }

            return;
        }

        FileContents.Ftruncate(file, entry.Size);
        foreach (SparsePart part in entry.Parts)
        {
            for (long done = 0; done < part.Length;)
            {
                int count = archive.Read(_buffer.AsSpan(0, (int)Math.Min(_buffer.Length, part.Length - done)));
                RandomAccess.Write(file, _buffer.AsSpan(0, count), part.Offset + done);
                done += count > 0 ? count : throw TarHeader.Broken("a sparse file is cut off");
            }
        }
    }

    /// <summary>What a layer may say of its files. "trusted.overlay." would have overlayfs look elsewhere; labels belong to the host.</summary>
    private static bool IsKept(string name)
        => name is "security.capability" or "system.posix_acl_access" or "system.posix_acl_default"
            || (name.StartsWith("user.", StringComparison.Ordinal) && !name.StartsWith("user.overlay.", StringComparison.Ordinal));

    private static FileType TypeOf(TarEntryKind kind) => kind switch
    {
        TarEntryKind.CharacterDevice => FileType.S_IFCHR,
        TarEntryKind.BlockDevice => FileType.S_IFBLK,
        _ => FileType.S_IFIFO,
    };
}
