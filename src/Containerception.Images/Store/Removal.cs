using Containerception.Oci;

namespace Containerception.Images;

/// <summary>A container that was made of an image.</summary>
/// <param name="Container">The container's id.</param>
/// <param name="Image">The image's id.</param>
/// <param name="IsRunning">Whether it runs now.</param>
public sealed record ImageUser(string Container, Digest Image, bool IsRunning);

/// <summary>A name that is gone.</summary>
/// <param name="Name">As docker's users write it.</param>
/// <param name="Image">The image that it led to.</param>
public sealed record UntaggedName(string Name, Digest Image);

/// <summary>What a removal has done.</summary>
/// <param name="Names">Names that are gone.</param>
/// <param name="Images">Images that are gone.</param>
/// <param name="Layers">Digests of layers that are gone.</param>
/// <param name="Bytes">Room that was given back.</param>
public sealed record Removed(IReadOnlyList<UntaggedName> Names, IReadOnlyList<Digest> Images, IReadOnlyList<string> Layers, long Bytes)
{
    /// <summary>The names alone.</summary>
    public IReadOnlyList<string> Untagged => [.. Names.Select(one => one.Name)];

    /// <summary>Digests of the images and of the layers that are gone.</summary>
    public IReadOnlyList<string> Deleted => [.. Images.Select(id => id.ToString()), .. Layers];
}

/// <summary>
/// Takes names and images away, by docker's rules: the last name takes the image with it; a name that is one of several goes alone; what a
/// container was made of stays, without a name if it must be.
/// </summary>
/// <param name="store">Where from.</param>
/// <param name="users">Asks for the containers that were made of images. Not within a transaction: they are in the same database.</param>
public sealed class Removal(ImageStore store, Func<IReadOnlyList<ImageUser>> users)
{
    private const int ShortLength = 12;

    /// <summary>Removes one image, or one of its names.</summary>
    /// <param name="name">A name, an id, or the beginning of an id.</param>
    /// <param name="force">Also where a container is made of it, and where it has several names.</param>
    /// <param name="collect">Also the content that nothing leads to any more.</param>
    /// <exception cref="ImageException">There is no such image, or something stands in the way.</exception>
    public Removed Remove(string name, bool force, bool collect)
    {
        ILookup<Digest, ImageUser> all = users().ToLookup(user => user.Image);
        (List<UntaggedName> untagged, Digest? image) = store.Database.Transact(() => Forget(name, force, all));
        return Collect(untagged, image is { } id ? [id] : [], collect, leftovers: false);
    }

    /// <summary>Removes images that no container was made of: those without a tag, or all.</summary>
    /// <param name="all">Also those with a tag.</param>
    /// <param name="wanted">Which of them.</param>
    public Removed Prune(bool all, Func<StoredImage, bool> wanted)
    {
        HashSet<Digest> used = [.. users().Select(user => user.Image)];
        (List<UntaggedName> untagged, List<Digest> images) = store.Database.Transact(() =>
        {
            List<UntaggedName> names = [];
            List<Digest> gone = [];
            foreach (StoredImage image in store.Table.List().Where(image => !image.IsShared && (all || image.IsDangling) && wanted(image) && !used.Contains(image.Id)))
            {
                names.AddRange(image.Names.Select(name => new UntaggedName(name.Reference.FamiliarText, image.Id)));
                gone.Add(image.Id);
                store.Table.Remove(image.Id);
            }

            return (names, gone);
        });
        return Collect(untagged, images, collect: true, leftovers: true);
    }

    private Removed Collect(List<UntaggedName> untagged, List<Digest> images, bool collect, bool leftovers)
    {
        Collected? collected = collect && (images.Count > 0 || leftovers) ? new Collector(store, users).Collect(leftovers) : null;
        return new Removed(untagged, images, [.. collected?.Layers.Select(layer => $"sha256:{layer}") ?? []], collected?.Bytes ?? 0);
    }

    /// <returns>The names that are gone, and the image if it is gone too.</returns>
    private (List<UntaggedName> Untagged, Digest? Image) Forget(string name, bool force, ILookup<Digest, ImageUser> usersOf)
    {
        StoredImage image = store.Get(name);
        Require(!image.IsShared, $"conflict: unable to delete {Short(image.Id)} - it is an image of the engine outside, which this container may only read");
        ImageUser[] users = [.. usersOf[image.Id]];
        ImageName? named = IsId(name, image.Id) ? null : image.Names.FirstOrDefault(one => one.Reference == NameOf(name));
        bool isAlone = image.Tags.Count() <= 1 && image.Names.Select(one => one.Reference.FamiliarName).Distinct().Count() <= 1;
        List<UntaggedName> untagged = [];
        if (named is null)
        {
            Require(force || isAlone, $"conflict: unable to delete {Short(image.Id)} (must be forced) - image is referenced in multiple repositories");
            Require(users.Length == 0 || force, Conflict($"unable to delete {Short(image.Id)}", "must be forced", users));
            Require(!Array.Exists(users, user => user.IsRunning), Conflict($"unable to delete {Short(image.Id)}", "cannot be forced", users));
            Untag(image.Names, image.Id, untagged);
        }
        else
        {
            Require(force || !isAlone || users.Length == 0, Conflict($"unable to remove repository reference \"{name}\"", "must force", users));
            Untag([named], image.Id, untagged);

            // A repository whose last tag is gone is not kept for a digest's sake.
            ImageName[] left = [.. image.Names.Where(one => one != named)];
            if (named.Reference.Tag is not null && !left.Any(one => one.Reference.Tag is not null && one.Reference.FamiliarName == named.Reference.FamiliarName))
            {
                Untag(left.Where(one => one.Reference.FamiliarName == named.Reference.FamiliarName), image.Id, untagged);
            }

            if (untagged.Count < image.Names.Length)
            {
                return (untagged, null);
            }
        }

        if (users.Length > 0)
        {
            // Its layers are below a container: it stays, without a name.
            return (untagged, null);
        }

        store.Table.Remove(image.Id);
        return (untagged, image.Id);
    }

    private void Untag(IEnumerable<ImageName> names, Digest image, List<UntaggedName> untagged)
    {
        foreach (ImageName name in names)
        {
            store.Table.Forget(name.Reference);
            untagged.Add(new UntaggedName(name.Reference.FamiliarText, image));
        }
    }

    private static ImageReference NameOf(string name)
    {
        ImageReference reference = ImageReference.Parse(name);
        return reference.Digest is null ? reference : reference with { Tag = null };
    }

    private static bool IsId(string name, Digest id)
        => id.ToString().StartsWith(name, StringComparison.Ordinal) || id.Hex.StartsWith(name, StringComparison.Ordinal);

    private static string Conflict(string what, string can, ImageUser[] users)
    {
        ImageUser? user = users.OrderBy(one => one.IsRunning ? 0 : 1).FirstOrDefault();
        return $"conflict: {what} ({can}) - container {user?.Container[..ShortLength]} is using its referenced image {(user is { IsRunning: true } ? "and runs" : "")}".TrimEnd();
    }

    private static string Short(Digest id) => id.Hex[..ShortLength];

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ImageException(ImageFailure.Conflict, otherwise);
        }
    }
}
