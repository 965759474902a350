using Containerception.Engine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary>What verbs on images work with: the store of this machine and user, and the registries as their settings say.</summary>
internal sealed class ImageSession : IDisposable
{
    private readonly Database _database;
    private RegistryClient? _registry;

    private ImageSession(Database database, string root)
    {
        _database = database;
        Store = new ImageStore(root, database);
        Events = new ImageEvents(root, Store, TimeProvider.System);
    }

    public ImageStore Store { get; }

    public ImageEvents Events { get; }

    public RegistryClient Registry => _registry ??= new RegistryClient(RegistryOptions.OfMachine(), DockerConfigFile.OfUser().Find);

    public Removal Removal() => new(Store, ContainerEngine.Open(new EngineOptions()).ImageUsers);

    public static ImageSession Open()
    {
        string root = new EngineOptions().RootDirectory;
        Database database = Database.Open(root);
        try
        {
            return new ImageSession(database, root);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _registry?.Dispose();
        _database.Dispose();
    }
}
