using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// A volume that is empty gets what the image has at its place, once: docker's copy-up. The image is a stranger's: its place is found below
/// the root by openat2, whatever links it has there, and what is copied is copied by descriptors.
/// </summary>
internal sealed class VolumeFilling(VolumeInfo volume, string destination)
{
    // Beside the volume's own directory, which is filled by renaming: so whoever is killed on the way leaves nothing half in it, and nobody has to
    // guess what there is a user's.
    private const string BeginningName = "beginning";
    private const string CopyName = "copy";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const OpenFlags ReadDirectory = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;

    private readonly TreeCopy _copying = new(status => (status.Uid, status.Gid), isTrusted: true);

    public PreparationStep Step(Func<SafeFileHandle> openRoot) => new(
        $"fill the volume {volume.Name} if it is empty", $"a new volume begins with what the image has at {destination}", () =>
        {
            using SafeFileHandle root = openRoot();
            return Fill(root);
        });

    private string Fill(SafeFileHandle root)
    {
        using SafeFileHandle directory = Files.Open(Path.GetDirectoryName(volume.Mountpoint)!, ReadDirectory);
        FileContents.Flock(directory);
        using SafeFileHandle data = Files.OpenAt(directory, Path.GetFileName(volume.Mountpoint), ReadDirectory);

        // Of one that was killed: what was copied whole is still to be brought in; half of it is nothing.
        FileTrees.Remove(directory, BeginningName);
        if (FileStatuses.TryStatx(directory, CopyName, AtFlags.AT_SYMLINK_NOFOLLOW) is not null)
        {
            BringIn(directory, data);
            return "renameat2(…)";
        }

        using SafeFileHandle readable = Files.OpenAt(data, ".", ReadDirectory);
        using SafeFileHandle? source = Directories.Read(readable).Count > 0 ? null : TryFind(root);
        if (source is null)
        {
            return "getdents64(…)";
        }

        Files.TryMkdirAt(directory, BeginningName, OwnerOnly);
        using (SafeFileHandle copy = Files.OpenAt(directory, BeginningName, ReadDirectory))
        {
            _copying.CopyContents(source, copy);
            _copying.Describe(source, copy);
        }

        Files.RenameAt2(directory, BeginningName, directory, CopyName, RenameFlags.RENAME_NOREPLACE);
        BringIn(directory, data);
        return $"openat2(…, \"{destination}\", RESOLVE_IN_ROOT), copy_file_range(…), renameat2(…)";
    }

    // What somebody has written into the volume meanwhile stays.
    private void BringIn(SafeFileHandle directory, SafeFileHandle data)
    {
        using (SafeFileHandle copy = Files.OpenAt(directory, CopyName, ReadDirectory))
        {
            foreach (DirectoryEntry entry in Directories.Read(copy))
            {
                try
                {
                    Files.RenameAt2(copy, entry.Name, data, entry.Name, RenameFlags.RENAME_NOREPLACE);
                }
                catch (LinuxException theirs) when (theirs.Errno == Errno.EEXIST)
                {
                }
            }

            _copying.Describe(copy, data);
        }

        FileTrees.Remove(directory, CopyName);
    }

    private SafeFileHandle? TryFind(SafeFileHandle root)
    {
        try
        {
            return Files.TryOpenAt2(
                root, destination, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        }
        catch (LinuxException none) when (none.Errno is Errno.ENOTDIR or Errno.ELOOP)
        {
            return null;
        }
    }
}
