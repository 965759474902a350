using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The root file system of a container of an image: the image's layers, and above them a directory of the container's own, on disk, so that
/// what was written is there when the container starts again.
/// </summary>
/// <param name="image">The image.</param>
/// <param name="directory">The container's own directory, with the empty directory <c>rootfs</c>.</param>
/// <param name="range">Where the container's ids lie on the host; null when they are the host's.</param>
internal sealed class ImageRoot(UsableImage image, string directory, UserRange? range)
{
    /// <summary>What the container has written.</summary>
    public const string UpperName = "upper";

    private const string WorkName = "work";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _upper = Path.Join(directory, UpperName);
    private readonly string _work = Path.Join(directory, WorkName);

    /// <summary>The tree, attached nowhere yet.</summary>
    /// <param name="isThrowaway">The container is removed when it ends.</param>
    public SafeFileHandle Mount(bool isThrowaway)
    {
        // Containers lie in `containers`, below the state directory.
        ImmutableArray<string> layers = [.. image.Layers, MountPoints.In(Path.GetDirectoryName(Path.GetDirectoryName(directory)!)!)];
        if (!Directory.Exists(_upper))
        {
            MakeUpper(layers[0]);
        }

        if (isThrowaway)
        {
            // What an earlier mount has marked as never synced, another refuses.
            FileTrees.Remove(_work);
        }

        Directory.CreateDirectory(_work, OwnerOnly);
        try
        {
            if (range is null or { Root: 0 })
            {
                return LayeredTree.Mount(layers, _upper, _work, isThrowaway);
            }

            using SafeFileHandle users = MappedUsers.Make(range);
            return LayeredTree.MountShifted(layers, _upper, _work, isThrowaway, users, Path.Join(directory, RootPlanner.RootName));
        }
        catch (LinuxException refused)
        {
            throw new EngineException(
                FailureKind.System, $"cannot put the container's layer over the image: {refused.Message}",
                refused.Errno == Errno.EINVAL ? $"the file system of {directory} must be one that overlayfs can write to: ext4, xfs, btrfs, tmpfs, but not another overlay" : null,
                refused);
        }
    }

    // The top of an overlay has the owner and mode of its upper directory.
    private void MakeUpper(string topmost)
    {
        FileStatus top = FileStatuses.Statx(Descriptor.WorkingDirectory, topmost, AtFlags.None);
        Directory.CreateDirectory(_upper, OwnerOnly);
        uint shift = range?.Root ?? 0;
        Files.FchownAt(Descriptor.WorkingDirectory, _upper, top.Uid + shift, top.Gid + shift);
        Files.FchmodAt(Descriptor.WorkingDirectory, _upper, top.Permissions);
    }
}
