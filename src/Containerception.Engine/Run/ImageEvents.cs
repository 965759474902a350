using System.Globalization;
using Containerception.Images;
using Containerception.Supervision;

namespace Containerception.Engine;

/// <summary>Notes what was done to images, in docker's words, where <see cref="ContainerEngine.ReadEvents"/> reads it.</summary>
/// <param name="root">The engine's directory.</param>
/// <param name="images">Its images.</param>
/// <param name="clock">The clock.</param>
public sealed class ImageEvents(string root, ImageStore images, TimeProvider clock)
{
    private readonly EventLog _log = new(root, clock);

    /// <summary>Notes what was done to one image.</summary>
    /// <param name="action">docker's word: <c>pull</c>, <c>tag</c>.</param>
    /// <param name="id">Its id, or the name it was pulled or pushed by.</param>
    /// <param name="name">The name that it is about; the id where there is none.</param>
    public void Note(string action, string id, string name)
    {
        // One that was deleted has no labels any more.
        StoredImage? image = images.Table.Find(id);
        IEnumerable<KeyValuePair<string, string>> labels = image is null ? [] : images.ReadConfig(image.Id).Process.Labels;
        SortedDictionary<string, string> attributes = new(StringComparer.Ordinal);
        foreach ((string label, string value) in labels)
        {
            attributes[label] = value;
        }

        attributes["name"] = name;
        _log.Image(action, id, [.. attributes.Select(pair => (pair.Key, pair.Value))]);
    }

    /// <summary>Notes which names and images are gone.</summary>
    public void NoteRemoval(Removed removed)
    {
        ArgumentNullException.ThrowIfNull(removed);
        foreach (UntaggedName one in removed.Names)
        {
            Note("untag", one.Image.ToString(), one.Image.ToString());
        }

        foreach (Oci.Digest image in removed.Images)
        {
            Note("delete", image.ToString(), image.ToString());
        }
    }

    /// <summary>The same, of a removal of all that nobody has a use for.</summary>
    public void NotePrune(Removed removed)
    {
        NoteRemoval(removed);
        _log.Prune("image", removed.Bytes.ToString(CultureInfo.InvariantCulture));
    }
}
