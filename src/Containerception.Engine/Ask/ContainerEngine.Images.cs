using Containerception.Images;
using Containerception.Oci;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private ImageStore Images => field ??= new ImageStore(_options.RootDirectory, Database);

    /// <summary>The containers that were made of images, whether they run or not.</summary>
    public IReadOnlyList<ImageUser> ImageUsers()
    {
        List<ImageUser> users = [];
        foreach (ContainerDefinition container in _store.Table.All())
        {
            string directory = _store.PathOf(container.Id);
            IEnumerable<Digest> shared = container.Root.SharesImages ? SharedImages.Read(ImageSharing.In(directory)) : [];
            Digest[] images = [.. Digest.TryParse(container.ImageId, out Digest image) ? shared.Append(image) : shared];
            bool isRunning = images.Length > 0 && ContainerDirectory.IsTaken(directory);
            users.AddRange(images.Distinct().Select(one => new ImageUser(container.Id, one, isRunning)));
        }

        return users;
    }

    /// <summary>Finds an image that is here, by its name, its id, or the beginning of its id, and unpacks what is not unpacked.</summary>
    /// <param name="name">As docker's users write it.</param>
    /// <param name="platform">What it must run on, as <c>linux/arm64</c>; null for whatever there is.</param>
    /// <returns>null when there is none.</returns>
    /// <exception cref="EngineException">The name is none, or the image is damaged.</exception>
    public RootRequest.Image? FindImage(string name, string? platform = null)
    {
        try
        {
            Platform? wanted = platform is null ? null : PlatformChoice.Parse(platform);
            return new ImageUse(Images).Find(name, wanted) is { } image ? new RootRequest.Image(name, image.Id) : null;
        }
        catch (ImageException failure)
        {
            throw EngineException.Of(failure);
        }
    }
}
