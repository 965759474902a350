using System.Buffers;
using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>One of an image's names.</summary>
/// <param name="Reference">With a tag, or with a digest and no tag.</param>
/// <param name="Manifest">The manifest that the name leads to.</param>
/// <param name="Target">What the registry has by that name: the manifest, or an index that leads to it.</param>
public sealed record ImageName(ImageReference Reference, Digest Manifest, Digest Target);

/// <summary>An image that is here.</summary>
public sealed record StoredImage
{
    /// <summary>The digest of its configuration.</summary>
    public required Digest Id { get; init; }

    public required Digest Manifest { get; init; }

    /// <summary>When its builder says that it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Bytes of its files, unpacked.</summary>
    public required long Size { get; init; }

    public ImmutableArray<ImageName> Names { get; init; } = [];

    /// <summary>The names with a tag.</summary>
    public IEnumerable<ImageName> Tags => Names.Where(name => name.Reference.Tag is not null);

    /// <summary>The names by which registries have it, with a digest.</summary>
    public IEnumerable<ImageName> Digests => Names.Where(name => name.Reference.Tag is null);

    /// <summary>It is in the store of the engine outside, and cannot be changed here: see <see cref="SharedImages"/>.</summary>
    public bool IsShared { get; init; }

    /// <summary>No tag leads to it.</summary>
    public bool IsDangling => !Tags.Any();
}

/// <summary>Which images there are, and their names. An image is in the table once its content is all in the stores.</summary>
/// <param name="database">Where they are written down.</param>
/// <param name="shared">Those of the engine outside, which come after one's own.</param>
public sealed class ImageTable(Database database, ImageTable? shared = null)
{
    private const int HexLength = 64;
    private const string IdPrefix = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private const string ImageColumns = "SELECT id, manifest, created, size FROM images";

    /// <summary>Takes up an image whose content is all in the stores. One that is here already stays as it is.</summary>
    public void Add(StoredImage image) => database.Execute(
        "INSERT INTO images VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        image.Id.ToString(), image.Manifest.ToString(), image.Created.ToUnixTimeSeconds(), image.Size);

    /// <summary>Gives an image a name, which another image loses. False when it led there already.</summary>
    /// <param name="name">With a tag, or with a digest alone.</param>
    /// <param name="id">The image, which must be in the table.</param>
    public bool Name(ImageName name, Digest id) => database.Execute(
        "INSERT INTO names VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET id = ?2, manifest = ?3, target = ?4 WHERE id <> ?2 OR manifest <> ?3 OR target <> ?4",
        name.Reference.ToString(), id.ToString(), name.Manifest.ToString(), name.Target.ToString()) > 0;

    /// <summary>The image of a name, as docker understands one: name:tag, name@digest, an id, or the beginning of one.</summary>
    /// <returns>null when there is none.</returns>
    /// <exception cref="ImageException">The text is no name at all, or the beginning of several ids.</exception>
    public StoredImage? Find(string text)
    {
        if (Digest.TryParse(text, out Digest id))
        {
            return Find(id);
        }

        string start = text.StartsWith(IdPrefix, StringComparison.Ordinal) ? text[IdPrefix.Length..] : text;
        bool isHex = start.Length is > 0 and <= HexLength && !start.AsSpan().ContainsAnyExcept(HexDigits);
        StoredImage? named = start.Length == HexLength && isHex ? null : Find(ImageReference.Parse(text));
        return named ?? (isHex ? FindShort(start) : null);
    }

    /// <summary>The image of a reference; where it has a digest that alone counts.</summary>
    public StoredImage? Find(ImageReference reference)
    {
        ImageReference name = reference.Digest is null ? reference : reference with { Tag = null };
        return database.Query($"{ImageColumns} WHERE id = (SELECT id FROM names WHERE name = ?1)", ReadImage, name.ToString()).Select(WithNames).FirstOrDefault() ?? Shared(shared?.Find(name));
    }

    public StoredImage? Find(Digest id) => database.Query($"{ImageColumns} WHERE id = ?1", ReadImage, id.ToString()).Select(WithNames).FirstOrDefault() ?? Shared(shared?.Find(id));

    /// <summary>All of them, the newest first.</summary>
    public IReadOnlyList<StoredImage> List()
    {
        ILookup<Digest, ImageName> names = database.Query("SELECT id, name, manifest, target FROM names ORDER BY name", row => (Id: ReadDigest(row, 0), Name: ReadName(row, 1)))
            .ToLookup(pair => pair.Id, pair => pair.Name);
        StoredImage[] own = [.. database.Query($"{ImageColumns} ORDER BY created DESC, id", ReadImage).Select(image => image with { Names = [.. names[image.Id]] })];
        return shared is null ? own : [.. own.Concat(shared.List().Where(image => !own.Any(mine => mine.Id == image.Id)).Select(image => Shared(image)!)).OrderByDescending(image => image.Created)];
    }

    /// <summary>Takes a name away. False when there was none.</summary>
    public bool Forget(ImageReference name) => database.Execute("DELETE FROM names WHERE name = ?1", name.ToString()) > 0;

    /// <summary>Takes an image away, with what names it has left.</summary>
    public void Remove(Digest id) => database.Transact(() =>
    {
        database.Execute("DELETE FROM names WHERE id = ?1", id.ToString());
        database.Execute("DELETE FROM images WHERE id = ?1", id.ToString());
    });

    /// <summary>How much an unpacked layer has; null when nobody has said so.</summary>
    public long? LayerSize(Digest diffId) => database.Query("SELECT size FROM layers WHERE diff_id = ?1", row => row.NumberOrNull(0), diffId.ToString()).FirstOrDefault() ?? shared?.LayerSize(diffId);

    public void SetLayerSize(Digest diffId, long size)
        => database.Execute("INSERT INTO layers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET size = ?2", diffId.ToString(), size);

    /// <summary>Takes a layer out, by the digits of its digest, and says how much it had.</summary>
    internal long ForgetLayer(string name)
        => database.Query("DELETE FROM layers WHERE diff_id IN (?1, ?2) RETURNING size", row => row.Number(0), $"sha256:{name}", $"sha512:{name}").Sum();

    private StoredImage? FindShort(string start)
    {
        List<StoredImage> images = database.Query($"{ImageColumns} WHERE id >= ?1 AND id < ?2 LIMIT 2", ReadImage, IdPrefix + start, $"{IdPrefix}{start}g");
        return images switch
        {
            [] => Shared(shared?.FindShort(start)),
            [StoredImage image] => WithNames(image),
            _ => throw new ImageException(ImageFailure.Invalid, $"the id {start} is the beginning of several images' ids", "write more of it"),
        };
    }

    private static StoredImage? Shared(StoredImage? image) => image is null ? null : image with { IsShared = true };

    private StoredImage WithNames(StoredImage image)
        => image with { Names = [.. database.Query("SELECT name, manifest, target FROM names WHERE id = ?1 ORDER BY name", row => ReadName(row, 0), image.Id.ToString())] };

    private static StoredImage ReadImage(DatabaseRow row) => new()
    {
        Id = ReadDigest(row, 0),
        Manifest = ReadDigest(row, 1),
        Created = DateTimeOffset.FromUnixTimeSeconds(row.Number(2)),
        Size = row.Number(3),
    };

    private static ImageName ReadName(DatabaseRow row, int column)
        => new(ImageReference.Parse(row.Text(column)), ReadDigest(row, column + 1), ReadDigest(row, column + 2));

    private static Digest ReadDigest(DatabaseRow row, int column)
        => Digest.TryParse(row.Text(column), out Digest digest) ? digest : throw new DatabaseException($"the database of images is damaged: \"{row.Text(column)}\" is no digest");
}
