using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>
/// Goes through the groups in a group. A container that may write there made them: with names of any bytes, deeper than a path can say, a
/// stack can hold and descriptors suffice. So each step is relative to the one before, upwards by "..", which leads nowhere else as no control
/// group can be moved to another parent, and only the group that is visited is open.
/// </summary>
internal static class CgroupWalk
{
    private const OpenFlags Opened = OpenFlags.O_PATH | OpenFlags.O_DIRECTORY;

    /// <param name="top">Is not visited itself.</param>
    /// <param name="enter">Is given each group, before those in it.</param>
    /// <param name="leave">Is given the directory that each group is in and its name, after those in it.</param>
    public static void Below(SafeFileHandle top, Action<SafeFileHandle>? enter = null, Action<SafeFileHandle, byte[]>? leave = null)
    {
        Stack<byte[]> way = [];
        Stack<Queue<byte[]>> rest = [];
        rest.Push(NamesIn(top));
        SafeFileHandle here = Files.OpenAt(top, ".", Opened);
        try
        {
            while (true)
            {
                if (rest.Peek().TryDequeue(out byte[]? name))
                {
                    // Groups come and go while one looks.
                    if (DirectoryNames.TryOpen(here, name) is { } child)
                    {
                        here.Dispose();
                        here = child;
                        enter?.Invoke(here);
                        way.Push(name);
                        rest.Push(NamesIn(here));
                    }

                    continue;
                }

                rest.Pop();
                if (!way.TryPop(out name))
                {
                    return;
                }

                SafeFileHandle parent = Files.OpenAt(here, "..", Opened);
                here.Dispose();
                here = parent;
                leave?.Invoke(here, name);
            }
        }
        finally
        {
            here.Dispose();
        }
    }

    private static Queue<byte[]> NamesIn(SafeFileHandle group)
    {
        // kernfs counts "." and the ".." of every directory in it, as Unix always has.
        if (FileStatuses.Statx(group).Links <= 2)
        {
            return [];
        }

        using SafeFileHandle? listing = Files.TryOpenAt2(group, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, ResolveFlags.None);
        return listing is null ? [] : new(Directories.ReadSubdirectories(listing));
    }
}
