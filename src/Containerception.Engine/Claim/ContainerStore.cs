using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The containers below one directory: what they are is in the database, what belongs to each in <c>containers/ID</c>.</summary>
internal sealed class ContainerStore(string root, Func<Database> database)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int IdBytes = 32;

    private readonly string _containers = Path.Join(root, "containers");
    private readonly string _gate = Path.Join(root, "gate");

    /// <summary>There may be something: reading nothing makes no files.</summary>
    public bool Exists => Directory.Exists(_containers);

    public ContainerTable Table => field ??= new ContainerTable(database());

    /// <summary>An id that no container has.</summary>
    public static string MakeId() => Randomness.GetHex(IdBytes);

    /// <summary>Makes a directory for a new container, locked.</summary>
    public ContainerDirectory Make(string id)
    {
        StateRoot.Make(root);
        Directory.CreateDirectory(_containers, OwnerOnly);
        using SafeFileHandle gate = OpenGate();
        FileContents.Flock(gate, shared: true);
        return ContainerDirectory.Make(_containers, id);
    }

    /// <summary>Gives a container a row and, with it, its name.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.AlreadyExists"/>: the name is taken.</exception>
    public ContainerDefinition Add(ContainerDefinition definition, string? name, bool isWhole)
    {
        for (int attempt = 0; ; attempt++)
        {
            ContainerDefinition named = definition with { Name = name is null ? Names.MakeUp(attempt) : Names.Checked(name) };
            if (Table.TryAdd(named, isWhole))
            {
                return named;
            }

            if (name is not null)
            {
                throw NameTaken(name);
            }
        }
    }

    public EngineException NameTaken(string name)
    {
        string owner = Table.OwnerOf(name) is string other ? $" by the container {other[..12]}" : "";
        return new EngineException(
            FailureKind.AlreadyExists, $"the name \"{name}\" is taken{owner}", $"`cdock rm {name}` frees it, or choose another");
    }

    /// <summary>Takes a directory whose owner is dead; null when its owner lives.</summary>
    public ContainerDirectory? TryTakeDead(string path)
    {
        if (!Path.GetFileName(path).StartsWith('.'))
        {
            return ContainerDirectory.TryTake(path);
        }

        // Half made: between its making and its lock it looks dead. Whoever makes one is inside the gate.
        using SafeFileHandle gate = OpenGate();
        return FileContents.TryFlock(gate) ? ContainerDirectory.TryTake(path) : null;
    }

    /// <summary>The directory of a container.</summary>
    public string PathOf(string id) => Path.Join(_containers, id);

    /// <summary>The directories of all containers, also of half-made ones.</summary>
    public IEnumerable<string> Directories() => Directory.EnumerateDirectories(_containers);

    private SafeFileHandle OpenGate()
        => Files.Open(_gate, OpenFlags.O_RDWR | OpenFlags.O_CREAT, UnixFileMode.UserRead | UnixFileMode.UserWrite);
}
