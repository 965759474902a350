using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>Makes one file of an archive in an open directory: content first, then owner, mode, attributes and time.</summary>
/// <param name="makesDevices">Character and block devices are made where that is possible; else they are passed over.</param>
internal sealed class EntryWriter(bool makesDevices)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const OpenFlags NewFile = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW;

    /// <summary>In user namespaces the kernel makes none: mknod(2).</summary>
    private readonly bool _makesDevices = makesDevices && Namespaces.IsInitialUser;

    private readonly byte[] _buffer = new byte[1 << 17];

    public void Make(SafeFileHandle parent, string name, TarEntry entry, TarReader archive)
    {
        bool hid = Clear(parent, name, keepDirectory: entry.Kind == TarEntryKind.Directory);
        switch (entry.Kind)
        {
            case TarEntryKind.File:
                using (SafeFileHandle file = Files.OpenAt(parent, name, NewFile, OwnerOnly))
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
                    if (hid)
                    {
                        Overlay.SetOpaque(directory);
                    }
                }

                break;
            case TarEntryKind.SymbolicLink:
                Files.SymlinkAt(entry.LinkName, parent, name);
                Own(parent, name, entry, AtFlags.AT_SYMLINK_NOFOLLOW);
                FileTimes.Set(parent, name, entry.Modified);
                break;
            case TarEntryKind.CharacterDevice or TarEntryKind.BlockDevice when !_makesDevices:
                // As docker and podman have it: what the container needs of devices, it gets in its own /dev.
                break;
            default:
                Files.MknodAt(parent, name, TypeOf(entry.Kind), entry.Mode, entry.Device);
                Own(parent, name, entry, AtFlags.AT_SYMLINK_NOFOLLOW);

                // It is none of the links that chmod would follow: it was made just now, where nobody else looks.
                Files.FchmodAt(parent, name, ModeOf(entry));
                FileTimes.Set(parent, name, entry.Modified);
                break;
        }
    }

    /// <summary>Owner before mode: a change of owner takes the set-user-id bit away. And capabilities(7), so attributes are last.</summary>
    public static void Describe(SafeFileHandle file, TarEntry entry)
    {
        Own(file, "", entry, AtFlags.AT_EMPTY_PATH);
        Files.Fchmod(file, ModeOf(entry));
        foreach ((string name, byte[] value) in entry.Attributes)
        {
            if (Overlay.IsKept(name))
            {
                ExtendedAttributes.Set(file, name, value);
            }
        }

        FileTimes.Set(file, entry.Modified);
    }

    /// <summary>
    /// Takes away what an earlier entry made of this name; a later one replaces it, but a directory stays for another. True when that was a
    /// whiteout: what comes in its place hides what lower layers have, too.
    /// </summary>
    public static bool Clear(SafeFileHandle parent, string name, bool keepDirectory)
    {
        if (FileStatuses.TryStatx(parent, name, AtFlags.AT_SYMLINK_NOFOLLOW) is not { } status || (status.IsDirectory && keepDirectory))
        {
            return false;
        }

        FileTrees.Remove(parent, name);
        return Overlay.IsWhiteout(status);
    }

    // Where there is one user and one group, all is theirs, as podman has it with ignore_chown_errors.
    private static void Own(SafeFileHandle directory, string name, TarEntry entry, AtFlags flags)
    {
        if (!OwnIds.AreSingle)
        {
            Files.FchownAt(directory, name, entry.Uid, entry.Gid, flags);
        }
    }

    // A program that is to run as somebody else must not run as root instead.
    private static UnixFileMode ModeOf(TarEntry entry)
        => OwnIds.AreSingle && (entry.Uid != 0 || entry.Gid != 0) ? entry.Mode & ~(UnixFileMode.SetUser | UnixFileMode.SetGroup) : entry.Mode;

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
                if (count == 0)
                {
                    throw TarHeader.Broken("a sparse file is cut off");
                }

                FileContents.WriteAllAt(file, _buffer.AsSpan(0, count), part.Offset + done);
                done += count;
            }
        }
    }

    private static FileType TypeOf(TarEntryKind kind) => kind switch
    {
        TarEntryKind.CharacterDevice => FileType.S_IFCHR,
        TarEntryKind.BlockDevice => FileType.S_IFBLK,
        _ => FileType.S_IFIFO,
    };
}
