using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>The images below one directory: their content, their unpacked layers, their names.</summary>
public sealed class ImageStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _lock;

    public ImageStore(string directory, Database database)
    {
        _lock = Path.Join(directory, "images.lock");
        Contents = new ContentStore(directory);
        Layers = new LayerStore(directory);
        Table = new ImageTable(database, SharedImages.TryOpen());
        Database = database;
    }

    public ContentStore Contents { get; }

    public LayerStore Layers { get; }

    public ImageTable Table { get; }

    internal Database Database { get; }

    /// <summary>
    /// While this is held, nobody collects: content that no image has yet stays. Whoever brings an image in, or takes one for a container,
    /// holds it from the first look until the table says so.
    /// </summary>
    public SafeFileHandle Hold()
    {
        SafeFileHandle file = OpenLock();
        FileContents.Flock(file, shared: true);
        return file;
    }

    /// <summary>The same for oneself alone; null when somebody holds it.</summary>
    internal SafeFileHandle? TryHoldAlone()
    {
        SafeFileHandle file = OpenLock();
        if (FileContents.TryFlock(file))
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Takes away what dead processes left half-made, unless somebody is at work.</summary>
    public void Sweep()
    {
        using SafeFileHandle? alone = TryHoldAlone();
        if (alone is not null)
        {
            Layers.Sweep();
        }
    }

    /// <summary>The image of a name or an id.</summary>
    /// <exception cref="ImageException">There is none.</exception>
    public StoredImage Get(string name) => Table.Find(name) ?? throw new ImageException(ImageFailure.NotFound, $"no such image: {name}", "`cdock images` lists what is here");

    public ImageManifest ReadManifest(Digest manifest) => Read(manifest, ImageManifest.Read);

    public ImageConfig ReadConfig(Digest config) => Read(config, ImageConfig.Read);

    /// <summary>Whether a layer is here, unpacked and measured.</summary>
    public bool HasLayer(Digest diffId) => Layers.Has(diffId) && Table.LayerSize(diffId) is not null;

    /// <summary>Unpacks a layer, and remembers how large it is.</summary>
    public Digest UnpackLayer(Stream layer, Digest? diffId, Action finish, bool isOurs = false)
    {
        UnpackedLayer unpacked = Layers.Unpack(layer, diffId, finish, isOurs);
        Table.SetLayerSize(unpacked.DiffId, unpacked.Bytes);
        return unpacked.DiffId;
    }

    /// <summary>Takes up an image whose manifest, configuration and layers are all here, and gives it names.</summary>
    /// <returns>False when every name led to it before.</returns>
    public bool Register(Digest manifest, params ReadOnlySpan<ImageName> names)
    {
        Digest id = ReadManifest(manifest).Config.Digest;
        ImageConfig config = ReadConfig(id);
        StoredImage image = new()
        {
            Id = id,
            Manifest = manifest,
            Created = DateTimeOffset.TryParse(config.Created, CultureInfo.InvariantCulture, out DateTimeOffset created) ? created : DateTimeOffset.UnixEpoch,
            Size = config.DiffIds.Distinct().Sum(diffId => Table.LayerSize(diffId) ?? 0),
        };
        ImageName[] all = names.ToArray();
        return Database.Transact(() =>
        {
            Table.Add(image);
            bool isNew = false;
            foreach (ImageName name in all)
            {
                isNew |= Table.Name(name, id);
            }

            return isNew;
        });
    }

    /// <summary>Gives an image another name.</summary>
    /// <exception cref="ImageException">There is no such image, or the name is none.</exception>
    public void Tag(string image, string name)
    {
        ImageReference reference = ImageReference.Parse(name);
        if (reference.Digest is not null)
        {
            throw new ImageException(ImageFailure.Invalid, $"\"{name}\": a digest is no name that could be given", "use a tag");
        }

        Database.Transact(() =>
        {
            StoredImage stored = Get(image);
            Table.Add(stored);
            Table.Name(new ImageName(reference, stored.Manifest, stored.Manifest), stored.Id);
        });
    }

    private SafeFileHandle OpenLock() => Files.Open(_lock, OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_NOFOLLOW, OwnerOnly);

    private T Read<T>(Digest digest, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(Contents.Read(digest));
        }
        catch (ConfigException failure)
        {
            throw new ImageException(ImageFailure.Damaged, $"{digest}: {failure.Message}", cause: failure);
        }
    }
}
