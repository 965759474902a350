using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>What a container's own layer changes of the image below: by descriptors, and never through a link, since both are strangers'.</summary>
internal sealed class TreeChanges
{
    private const OpenFlags Opening = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;

    /// <summary>Longer paths than any program can use.</summary>
    private const int PathLengthMax = 4096;

    private readonly List<ContainerChange> _changes = [];

    /// <summary>In the order of their paths.</summary>
    public static IReadOnlyList<ContainerChange> Between(SafeFileHandle image, SafeFileHandle upper)
    {
        TreeChanges changes = new();
        changes.Compare(image, upper, "");
        return changes._changes;
    }

    private void Compare(SafeFileHandle? below, SafeFileHandle upper, string path)
    {
        using SafeFileHandle readable = Files.OpenAt(upper, ".", Opening);
        List<DirectoryEntry> entries = Directories.Read(readable);
        entries.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        foreach (DirectoryEntry entry in entries)
        {
            if (FileStatuses.TryStatx(upper, entry.Name, AtFlags.AT_SYMLINK_NOFOLLOW) is { } status)
            {
                FileStatus? before = below is null ? null : FileStatuses.TryStatx(below, entry.Name, AtFlags.AT_SYMLINK_NOFOLLOW);
                Add(below, upper, $"{path}/{entry.Name}", entry.Name, status, before);
            }
        }
    }

    private void Add(SafeFileHandle? below, SafeFileHandle upper, string path, string name, FileStatus status, FileStatus? before)
    {
        if (Overlay.IsWhiteout(status))
        {
            if (before is not null)
            {
                _changes.Add(new ContainerChange(ChangeKind.Deleted, path));
            }

            return;
        }

        _changes.Add(new ContainerChange(before is null ? ChangeKind.Added : ChangeKind.Changed, path));
        if (status.IsDirectory && path.Length < PathLengthMax)
        {
            using SafeFileHandle inside = Files.OpenAt(upper, name, Opening);
            using SafeFileHandle? insideBelow = before is { IsDirectory: true } && !Overlay.IsOpaque(inside) ? Files.OpenAt(below!, name, Opening) : null;
            Compare(insideBelow, inside, path);
        }
    }
}
