using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// A volume that is empty gets what the image has at its place, once: docker's copy-up. The image is a stranger's: its place is found below
/// the root by openat2, whatever links it has there, and what is copied is copied by descriptors.
/// </summary>
internal sealed class VolumeFilling(VolumeInfo volume, string destination)
{
    // There while a volume is filled: whoever finds it with nobody at work begins anew.
    private const string MarkName = "filling";

    private const OpenFlags ReadDirectory = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;

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
        string mark = Path.Join(Path.GetDirectoryName(volume.Mountpoint)!, MarkName);
        using SafeFileHandle data = Files.OpenAt(directory, Path.GetFileName(volume.Mountpoint), ReadDirectory);
        if (File.Exists(mark))
        {
            Empty(data);
        }

        using SafeFileHandle readable = Files.OpenAt(data, ".", ReadDirectory);
        using SafeFileHandle? source = Directories.Read(readable).Count > 0 ? null : TryFind(root);
        if (source is null)
        {
            File.Delete(mark);
            return "getdents64(…)";
        }

        using (Files.Open(mark, OpenFlags.O_WRONLY | OpenFlags.O_CREAT, UnixFileMode.UserRead | UnixFileMode.UserWrite))
        {
            new TreeCopy(status => (status.Uid, status.Gid), isTrusted: true).CopyContents(source, data);
        }

        File.Delete(mark);
        return $"openat2(…, \"{destination}\", RESOLVE_IN_ROOT), copy_file_range(…)";
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

    private static void Empty(SafeFileHandle data)
    {
        using SafeFileHandle readable = Files.OpenAt(data, ".", ReadDirectory);
        foreach (DirectoryEntry entry in Directories.Read(readable))
        {
            string path = $"{Descriptor.MagicLink(data)}/{entry.Name}";
            if (entry.Type == FileType.S_IFDIR)
            {
                Directory.Delete(path, recursive: true);
            }
            else
            {
                File.Delete(path);
            }
        }
    }
}
