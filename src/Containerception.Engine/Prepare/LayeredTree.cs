using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Directories put one over the other: an overlay mount that is attached nowhere yet, and lives as long as its descriptor. Whatever goes
/// wrong before it is attached, nothing of it is left.
/// </summary>
internal static class LayeredTree
{
    /// <summary>fsconfig(2) takes no longer texts.</summary>
    private const int TextBytesMax = 255;

    private const OpenFlags Place = OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;

    /// <summary>Layers to read, and above them what is written.</summary>
    /// <param name="layers">The topmost first.</param>
    /// <param name="upper">What is written goes here.</param>
    /// <param name="work">overlayfs's own, on the same file system.</param>
    /// <param name="isThrowaway">Nobody needs <paramref name="upper"/> after a crash: it is never synced, and cannot be mounted again after one.</param>
    public static SafeFileHandle Mount(IReadOnlyList<string> layers, string upper, string work, bool isThrowaway)
    {
        using Builder builder = new();
        foreach (string layer in layers)
        {
            builder.AddLower(layer);
        }

        return builder.Finish(upper, work, isThrowaway);
    }

    /// <summary>The same with the layers' owners shifted: what is the host's root in a layer is the container's root in the tree.</summary>
    /// <param name="layers">The topmost first.</param>
    /// <param name="upper">What is written goes here.</param>
    /// <param name="work">overlayfs's own, on the same file system.</param>
    /// <param name="isThrowaway">Nobody needs <paramref name="upper"/> after a crash.</param>
    /// <param name="users">A user namespace with the container's ids.</param>
    /// <param name="scratch">An empty directory, to hold the shifted layers until the tree is made.</param>
    public static SafeFileHandle MountShifted(
        IReadOnlyList<string> layers, string upper, string work, bool isThrowaway, SafeFileHandle users, string scratch)
    {
        return NamespaceThread.Run(() =>
        {
            Mounts.BeginPrivate();
            using Builder builder = new();
            foreach (string layer in layers)
            {
                using SafeFileHandle clone = NewMounts.OpenTree(Descriptor.WorkingDirectory, layer, OpenTreeFlags.OPEN_TREE_CLONE);
                NewMounts.MapIds(clone, recursive: false, users);

                // One over the other: overlayfs takes each as it is found, and keeps it.
                using SafeFileHandle place = Files.Open(scratch, Place);
                NewMounts.MoveMount(clone, place);
                builder.AddLower(scratch);
            }

            return builder.Finish(upper, work, isThrowaway);
        });
    }

    /// <summary>Layers to read alone, two at least.</summary>
    /// <param name="layers">The topmost first.</param>
    public static SafeFileHandle MountReadOnly(IReadOnlyList<string> layers)
    {
        using Builder builder = new();
        foreach (string layer in layers)
        {
            builder.AddLower(layer);
        }

        return builder.Finish(upper: null, work: null, isThrowaway: false);
    }

    /// <summary>An overlay's context while it is configured.</summary>
    private sealed class Builder : IDisposable
    {
        private readonly SafeFileHandle _context = NewMounts.FsOpen("overlay");

        /// <summary>Directories with paths too long for a text, given as descriptors' names.</summary>
        private readonly List<SafeFileHandle> _open = [];

        public Builder() => NewMounts.FsConfigSetString(_context, "source", "cdock");

        public void AddLower(string layer)
        {
            try
            {
                NewMounts.FsConfigSetString(_context, "lowerdir+", Short(layer));
            }
            catch (LinuxException unknown) when (unknown.Errno == Errno.EINVAL && Environment.OSVersion.Version < new Version(6, 7))
            {
                throw new EngineException(
                    FailureKind.Unsupported, "this kernel's overlayfs takes no layers one by one", "images need Linux 6.7 or later", unknown);
            }
        }

        public SafeFileHandle Finish(string? upper, string? work, bool isThrowaway)
        {
            if (upper is not null && work is not null)
            {
                NewMounts.FsConfigSetString(_context, "upperdir", Short(upper));
                NewMounts.FsConfigSetString(_context, "workdir", Short(work));
            }

            // What a distribution makes the default would keep commit, diff and export from reading what was written.
            NewMounts.FsConfigSetString(_context, "redirect_dir", "nofollow");
            NewMounts.FsConfigSetString(_context, "metacopy", "off");
            NewMounts.FsConfigSetString(_context, "index", "off");
            if (Images.Overlay.HasUserAttributes)
            {
                NewMounts.FsConfigSetFlag(_context, "userxattr");
            }

            if (isThrowaway)
            {
                NewMounts.FsConfigSetFlag(_context, "volatile");
            }

            NewMounts.FsConfigCreate(_context);
            return NewMounts.FsMount(_context, MountAttributes.None);
        }

        public void Dispose()
        {
            _open.ForEach(one => one.Dispose());
            _context.Dispose();
        }

        private string Short(string path)
        {
            if (Encoding.UTF8.GetByteCount(path) <= TextBytesMax)
            {
                return path;
            }

            SafeFileHandle directory = Files.Open(path, Place);
            _open.Add(directory);
            return Descriptor.MagicLink(directory);
        }
    }
}
