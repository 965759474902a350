using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// The images of the engine outside, which a container that nests may use and not change (<c>--nest=share-images</c>): a directory like a state
/// directory, with <c>layers/</c> and <c>blobs/</c> of the store outside, and a database of its images as they were when the container started.
/// All of it is mounted read-only, and so that root inside cannot undo that.
/// </summary>
public static class SharedImages
{
    /// <summary>Where a container has them.</summary>
    public const string Directory = "/var/lib/cdock-images";

    private const OpenFlags Opening = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW;
    private const string OpaqueForUsers = "user.overlay.opaque";
    private const string OpaqueForRoot = "trusted.overlay.opaque";

    // Of a layer's topmost directory: it was gone through.
    private const string Marked = "trusted.cdock.marked";

    /// <summary>There are some here.</summary>
    public static bool AreHere => File.Exists(Path.Join(Directory, Database.FileName));

    /// <summary>Their names, for as long as the process lives; null where there are none.</summary>
    /// <exception cref="DatabaseException">They were written by another version.</exception>
#pragma warning disable CA2000 // The table has it as long as the process lives.
    internal static ImageTable? TryOpen() => AreHere ? new ImageTable(Database.OpenUnchanging(Directory)) : null;
#pragma warning restore CA2000

    /// <summary>Writes down a store's images, for a container that is about to start.</summary>
    /// <param name="store">Held by the caller, so that nothing is collected meanwhile.</param>
    /// <param name="directory">Emptied, and made where there is none.</param>
    public static void Write(ImageStore store, string directory)
    {
        ArgumentNullException.ThrowIfNull(store);
        FileTrees.Remove(directory);
        using Database database = Database.Open(directory);
        ImageTable table = new(database);
        IReadOnlyList<StoredImage> images = store.Table.List();
        foreach (Digest layer in images.SelectMany(image => store.ReadConfig(image.Id).DiffIds).Distinct().Where(store.Layers.Has))
        {
            MarkForUsers(store.Layers.PathOf(layer));
        }

        database.Transact(() =>
        {
            foreach (StoredImage image in images)
            {
                table.Add(image);
                foreach (ImageName name in image.Names)
                {
                    table.Name(name, image.Id);
                }

                foreach (Digest layer in store.ReadConfig(image.Id).DiffIds)
                {
                    table.SetLayerSize(layer, store.Table.LayerSize(layer) ?? 0);
                }
            }
        });
        foreach (string name in Names)
        {
            System.IO.Directory.CreateDirectory(Path.Join(directory, name));
        }
    }

    /// <summary>The images that were written down.</summary>
    public static IEnumerable<Digest> Read(string directory)
    {
        if (!File.Exists(Path.Join(directory, Database.FileName)))
        {
            return [];
        }

        using Database database = Database.OpenUnchanging(directory);
        return [.. new ImageTable(database).List().Select(image => image.Id)];
    }

    /// <summary>The directories of a state directory that are shared.</summary>
    public static IReadOnlyList<string> Names { get; } = ["layers", "blobs"];

    /// <summary>Where something of a store is: in the store itself, or else where it is shared.</summary>
    internal static string PathOf(string own, string name)
    {
        string shared = Path.Join(Directory, name);
        return !Path.Exists(own) && Path.Exists(shared) ? shared : own;
    }

    // In a user namespace overlayfs does not see what the machine's root has said of its directories, and would show what a layer has deleted.
    private static void MarkForUsers(string layer)
    {
        using SafeFileHandle top = Files.Open(layer, Opening);
        if (!Overlay.HasUserAttributes && ExtendedAttributes.TryGet(top, Marked) is null)
        {
            MarkForUsers(top);
            ExtendedAttributes.Set(top, Marked, "y"u8);
        }
    }

    private static void MarkForUsers(SafeFileHandle directory)
    {
        if (ExtendedAttributes.TryGet(directory, OpaqueForRoot) is [(byte)'y'])
        {
            ExtendedAttributes.Set(directory, OpaqueForUsers, "y"u8);
        }

        foreach (DirectoryEntry entry in Directories.Read(directory))
        {
            if (entry.Type == FileType.S_IFDIR)
            {
#pragma warning disable CA2000 // It is disposed; the analyzer loses it in the recursion.
                using SafeFileHandle below = Files.OpenAt(directory, entry.Name, Opening);
#pragma warning restore CA2000
                MarkForUsers(below);
            }
        }
    }
}
