using System.Text.Json.Nodes;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary>An image as <c>images</c> shows it, once for each of its names: docker's fields in docker's words.</summary>
internal sealed class ImageRow(DateTimeOffset now, bool isWhole)
{
    public const string Table = "{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}";
    public const string TableWithDigests = "{{.Repository}}\\t{{.Tag}}\\t{{.Digest}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}";

    private const string None = "<none>";
    private const int ShortIdLength = 12;

    public static IReadOnlyDictionary<string, string> Headings { get; } = new Dictionary<string, string>
    {
        ["Containers"] = "CONTAINERS",
        ["CreatedAt"] = "CREATED AT",
        ["CreatedSince"] = "CREATED",
        ["Digest"] = "DIGEST",
        ["ID"] = "IMAGE ID",
        ["ReadOnly"] = "R/O",
        ["Repository"] = "REPOSITORY",
        ["SharedSize"] = "SHARED SIZE",
        ["Size"] = "SIZE",
        ["Tag"] = "TAG",
        ["UniqueSize"] = "UNIQUE SIZE",
        ["VirtualSize"] = "SIZE",
    };

    /// <summary>A row for each tag; for each digest of a repository without one; one at least.</summary>
    /// <param name="image">The image.</param>
    /// <param name="isShown">Which of its names are to be seen.</param>
    public IEnumerable<Row> Of(StoredImage image, Func<ImageReference, bool> isShown)
    {
        ImageName[] names = [.. image.Names.Where(name => isShown(name.Reference))];
        ImageName[] tags = [.. names.Where(name => name.Reference.Tag is not null)];
        ImageName[] digests = [.. names.Where(name => name.Reference.Tag is null && !tags.Any(tag => tag.Reference.FamiliarName == name.Reference.FamiliarName))];
        foreach (ImageName tag in tags)
        {
            ImageName? digest = image.Digests.FirstOrDefault(name => name.Reference.FamiliarName == tag.Reference.FamiliarName && name.Target == tag.Target);
            yield return Of(image, tag.Reference.FamiliarName, tag.Reference.Tag!, digest?.Target.ToString() ?? None);
        }

        foreach (ImageName digest in digests)
        {
            yield return Of(image, digest.Reference.FamiliarName, None, digest.Target.ToString());
        }

        if (image.Names.IsEmpty)
        {
            yield return Of(image, None, None, None);
        }
    }

    private Row Of(StoredImage image, string repository, string tag, string digest) => new(new JsonObject
    {
        ["Containers"] = "N/A",
        ["CreatedAt"] = Words.Time(image.Created),
        ["CreatedSince"] = image.Created == DateTimeOffset.UnixEpoch ? "N/A" : Words.Ago(image.Created, now),
        ["Digest"] = digest,
        ["ID"] = isWhole ? image.Id.ToString() : image.Id.Hex[..ShortIdLength],
        ["ReadOnly"] = image.IsShared ? "true" : "false",
        ["Repository"] = repository,
        ["SharedSize"] = "N/A",
        ["Size"] = Words.Size(image.Size, digits: 3),
        ["Tag"] = tag,
        ["UniqueSize"] = "N/A",
        ["VirtualSize"] = Words.Size(image.Size, digits: 3),
    });
}
