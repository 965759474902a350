using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>A store of its own for a test, in which nothing half-made may be left.</summary>
public sealed class Store : IDisposable
{
    private readonly Database _database;

    public Store()
    {
        Needs.Root();
        _database = Database.Open(Root);
        Images = new ImageStore(Root, _database);
    }

    /// <summary>Quick to lose patience.</summary>
    public static RegistryOptions Hasty { get; } = new() { Attempts = 3, FirstPause = TimeSpan.FromMilliseconds(5), StallTimeout = TimeSpan.FromSeconds(1) };

    public string Root { get; } = Directory.CreateTempSubdirectory("images-").FullName;

    public ImageStore Images { get; }

    public Database Database => _database;

    public PulledImage Pull(string name, RegistryOptions? options = null, Credentials? user = null, List<LayerProgress>? progress = null)
    {
        using RegistryClient client = new(options ?? Hasty, _ => user);
        return new Puller(client, Images)
            .Pull(ImageReference.Parse(name), PlatformChoice.Parse("linux/amd64"), step => Add(progress, step), TestContext.Current.CancellationToken)
            .GetAwaiter().GetResult();
    }

    /// <summary>Pulls what cannot be had: nothing may be left of it but what can be gone on with.</summary>
    public ImageException CannotPull(string name, RegistryOptions? options = null, Credentials? user = null)
    {
        ImageException failure = Assert.Throws<ImageException>(() => Pull(name, options, user));
        Assert.Empty(Images.Table.List());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(Root, "staging")));
        Assert.DoesNotContain('\n', failure.Message);
        return failure;
    }

    /// <summary>A file of a layer, unpacked.</summary>
    public string Read(TestImage image, int layer, string file)
        => File.ReadAllText(Path.Join(Images.Layers.PathOf(ImageConfig.Read(image.Config).DiffIds[layer]), file));

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    private static void Add(List<LayerProgress>? progress, LayerProgress step)
    {
        if (progress is not null)
        {
            lock (progress)
            {
                progress.Add(step);
            }
        }
    }
}
