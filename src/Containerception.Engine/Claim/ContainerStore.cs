using System.Security.Cryptography;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The containers below one directory. <c>containers/ID</c> has one container, <c>names/NAME</c> the id of the container that has the name:
/// a name is taken by whoever makes the file.
/// </summary>
internal sealed class ContainerStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int IdBytes = 32;

    private readonly string _containers;
    private readonly string _names;
    private readonly string _gate;

    public ContainerStore(string root)
    {
        _containers = Path.Join(root, "containers");
        _names = Path.Join(root, "names");
        _gate = Path.Join(root, "gate");
    }

    /// <summary>Makes a container's directory and takes a name for it.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.AlreadyExists"/>: the name is taken.</exception>
    public (ContainerDirectory Directory, string Name) Claim(string? name)
    {
        if (name is not null)
        {
            Names.Checked(name);
        }

        Directory.CreateDirectory(_containers, OwnerOnly);
        Directory.CreateDirectory(_names, OwnerOnly);
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        ContainerDirectory directory = Make(id);
        try
        {
            return (directory, TakeName(name, id));
        }
        catch
        {
            directory.Remove();
            directory.Dispose();
            throw;
        }
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

    /// <summary>Gives a name back, if the container has it.</summary>
    public void ReleaseName(string name, string id)
    {
        if (OwnerOf(name) == id)
        {
            File.Delete(Path.Join(_names, name));
        }
    }

    /// <summary>Names whose containers are gone.</summary>
    public IEnumerable<(string Name, string Id)> StaleNames()
        => (Directory.Exists(_names) ? Directory.EnumerateFiles(_names) : [])
            .Select(path => (Name: Path.GetFileName(path), Id: OwnerOf(Path.GetFileName(path)) ?? ""))
            .Where(one => one.Id.Length > 0 && !Directory.Exists(Path.Join(_containers, one.Id)));

    /// <summary>The directories of all containers, also of half-made ones.</summary>
    public IEnumerable<string> Directories() => Directory.Exists(_containers) ? Directory.EnumerateDirectories(_containers) : [];

    /// <summary>Finds a container by its name, its id, or the beginning of its id.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Invalid"/> for a beginning that several have.</exception>
    public (string Directory, ContainerRecord Record) Find(string nameOrId)
    {
        string? id = nameOrId.Contains('/') || nameOrId.StartsWith('.') ? null : OwnerOf(nameOrId);
        string[] ids = id is not null
            ? [id]
            : [.. Directories().Select(path => Path.GetFileName(path)).Where(one => nameOrId.Length > 0 && one.StartsWith(nameOrId, StringComparison.Ordinal))];
        if (ids.Length > 1)
        {
            throw EngineException.Invalid($"the id {nameOrId} is the beginning of {ids.Length} containers' ids", "write more of it");
        }

        string directory = ids.Length == 1 ? Path.Join(_containers, ids[0]) : "";
        return ids.Length == 1 && ContainerDirectory.TryRead(directory) is ContainerRecord record
            ? (directory, record)
            : throw new EngineException(FailureKind.NotFound, $"no such container: {nameOrId}", "`cdock ps -a` lists all");
    }

    private ContainerDirectory Make(string id)
    {
        using SafeFileHandle gate = OpenGate();
        FileContents.Flock(gate, shared: true);
        return ContainerDirectory.Make(_containers, id);
    }

    private SafeFileHandle OpenGate()
        => Files.Open(_gate, OpenFlags.O_RDWR | OpenFlags.O_CREAT, UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private string TakeName(string? wanted, string id)
    {
        for (int attempt = 0; ; attempt++)
        {
            string name = wanted ?? Names.MakeUp(attempt);
            if (TryLink(name, id))
            {
                return name;
            }

            if (wanted is not null)
            {
                string owner = OwnerOf(name) is string other ? $" by the container {other[..12]}" : "";
                throw new EngineException(
                    FailureKind.AlreadyExists, $"the name \"{name}\" is taken{owner}", $"`cdock rm {name}` frees it, or choose another");
            }
        }
    }

    // Written beside and linked: a name never exists without its id, and link(2) fails when it is taken.
    private bool TryLink(string name, string id)
    {
        string draft = Path.Join(_names, "." + id);
        File.WriteAllText(draft, id);
        try
        {
            Files.LinkAt(Descriptor.WorkingDirectory, draft, Descriptor.WorkingDirectory, Path.Join(_names, name));
            return true;
        }
        catch (LinuxException taken) when (taken.Errno == Errno.EEXIST)
        {
            return false;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private string? OwnerOf(string name)
    {
        try
        {
            return File.ReadAllText(Path.Join(_names, name));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
