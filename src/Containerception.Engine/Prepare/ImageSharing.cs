using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// <c>--nest=share-images</c>: the images of this engine as a container sees them: read-only, and owned by its own ids.
/// </summary>
internal static class ImageSharing
{
    private const string Name = "images";

    /// <summary>Where a container's directory has what the container sees.</summary>
    public static string In(string directory) => Path.Join(directory, Name);

    public static MountRequest Mount(string directory) => new("bind", In(directory), SharedImages.Directory, ["rbind", "rprivate", "ro", "nosuid", "nodev", Mounts.Locked]);

    /// <summary>
    /// The mounts are made here, outside, and not by the runtime: what comes into a mount namespace of another user namespace as a copy the kernel
    /// locks as it is, so that its root can make none of it writable again. mount_namespaces(7).
    /// </summary>
    /// <param name="directory">The container's, in the state directory's <c>containers</c>.</param>
    /// <param name="range">The container's ids.</param>
    public static PreparationStep Step(string directory, UserRange range) => new(
        "show the images, read-only", "an inner `run` pulls nothing; the kernel keeps root of another user namespace from making them writable", () =>
        {
            string state = Path.GetDirectoryName(Path.GetDirectoryName(directory)!)!;
            using SafeFileHandle? users = UserRange.IsKept ? null : MappedUsers.Make(range);
            Show(In(directory), In(directory), users);
            foreach (string name in SharedImages.Names)
            {
                Show(Path.Join(state, name), Path.Join(In(directory), name), users);
            }

            return $"mount_setattr({string.Join(", ", SharedImages.Names)}, MOUNT_ATTR_RDONLY{(users is null ? "" : "|MOUNT_ATTR_IDMAP")})";
        });

    private static void Show(string source, string target, SafeFileHandle? users)
    {
        using SafeFileHandle tree = NewMounts.OpenTree(Descriptor.WorkingDirectory, source, OpenTreeFlags.OPEN_TREE_CLONE);
        NewMounts.MountSetAttr(tree, recursive: false, new MountAttr { attr_set = MountAttributes.MOUNT_ATTR_RDONLY });
        if (users is not null)
        {
            NewMounts.MapIds(tree, recursive: false, users);
        }

        using SafeFileHandle place = Files.Open(target, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
        NewMounts.MoveMount(tree, place);
    }
}
