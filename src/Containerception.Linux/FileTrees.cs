using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Removes whole trees by descriptors: never through a link or into another mount, whatever their names are and however deep they go.</summary>
public static class FileTrees
{
    /// <summary>Descriptors held at a time. What lies deeper is moved up first.</summary>
    private const int DepthMax = 64;

    private const OpenFlags Opening = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;
    private const ResolveFlags Here = ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_XDEV | ResolveFlags.RESOLVE_NO_MAGICLINKS;

    /// <summary>Removes what is at a path that nobody hostile can influence.</summary>
    public static void Remove(string path)
    {
        using SafeFileHandle parent = Files.Open(Path.GetDirectoryName(path)!, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        Remove(parent, Path.GetFileName(path));
    }

    /// <summary>Removes a name, with all that is below when it is a directory. A name that is not there is gone.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EXDEV"/>: something is mounted there.</exception>
    public static void Remove(SafeFileHandle parent, string name)
    {
        if (FileStatuses.TryStatx(parent, name, AtFlags.AT_SYMLINK_NOFOLLOW) is not { } status)
        {
            return;
        }

        if (!status.IsDirectory)
        {
            Files.TryUnlinkAt(parent, name);
            return;
        }

        int moved = 0;
        do
        {
            using SafeFileHandle top = Files.OpenAt2(parent, name, Opening, Here);
            moved = Empty(top, top, depth: 1);
        }
        while (moved > 0);

        Files.TryUnlinkAt(parent, name, AtFlags.AT_REMOVEDIR);
    }

    /// <summary>Returns how many directories were moved up to the top.</summary>
    private static int Empty(SafeFileHandle directory, SafeFileHandle top, int depth)
    {
        int moved = 0;
        foreach (DirectoryEntry entry in Directories.Read(directory))
        {
            FileType type = entry.Type != FileType.None ? entry.Type
                : FileStatuses.TryStatx(directory, entry.Name, AtFlags.AT_SYMLINK_NOFOLLOW)?.Type ?? FileType.None;
            if (type != FileType.S_IFDIR)
            {
                Files.TryUnlinkAt(directory, entry.Name);
            }
            else if (depth == DepthMax)
            {
                Files.RenameAt2(directory, entry.Name, top, Unused(top));
                moved++;
            }
            else
            {
                moved += RemoveBelow(directory, entry.Name, top, depth);
            }
        }

        return moved;
    }

    private static int RemoveBelow(SafeFileHandle parent, string name, SafeFileHandle top, int depth)
    {
        using SafeFileHandle directory = Files.OpenAt2(parent, name, Opening, Here);
        int moved = Empty(directory, top, depth + 1);
        Files.TryUnlinkAt(parent, name, AtFlags.AT_REMOVEDIR);
        return moved;
    }

    private static string Unused(SafeFileHandle top)
    {
        for (int number = 0; ; number++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"deep-{number}");
            if (FileStatuses.TryStatx(top, name, AtFlags.AT_SYMLINK_NOFOLLOW) is null)
            {
                return name;
            }
        }
    }
}
