using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The volumes: rows of cdock.db that say which there are and who uses them, and <c>volumes/NAME/_data</c> with what is in them. A use counts
/// for as long as the container's directory is there, so that no crash leaves one behind.
/// </summary>
internal sealed class VolumeStore(string root, Database database, TimeProvider clock)
{
    private const int NameBytes = 32;
    private const string DataName = "_data";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const string Columns = "SELECT name, created, anonymous, labels, options FROM volumes";

    private readonly string _volumes = In(root);
    private readonly string _containers = Path.Join(root, "containers");

    /// <summary>The directory of all volumes, below a state directory.</summary>
    public static string In(string root) => Path.Join(root, "volumes");

    /// <summary>Whether a <c>-v</c> names a volume, not a directory of the host.</summary>
    public static bool IsName(string text)
        => text.Length > 1 && char.IsAsciiLetterOrDigit(text[0]) && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static string Checked(string name)
        => IsName(name) ? name
            : name.Length < 2 ? throw EngineException.Invalid($"create {name}: \"{name}\" is too short, names should be at least two alphanumeric characters")
            : throw EngineException.Invalid(
                $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed",
                "for a directory of the host use its absolute path");

    /// <summary>Makes a volume, unless there is one of this name already.</summary>
    /// <param name="name">Null for a name that is made up.</param>
    /// <param name="labels">Notes on a new one.</param>
    /// <param name="options">What a new one is; empty for a directory.</param>
    /// <param name="owner">Whose a new one is, user and group.</param>
    public VolumeInfo Make(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> options, uint owner = 0)
    {
        string chosen = name is null ? Randomness.GetHex(NameBytes) : Checked(name);
        string directory = Path.Join(_volumes, chosen);
        database.Transact(() =>
        {
            // The directory first: a row always has one.
            Directory.CreateDirectory(_volumes, OwnerOnly);
            Directory.CreateDirectory(directory, OwnerOnly);
            string data = Path.Join(directory, DataName);
            if (!Directory.Exists(data))
            {
                Directory.CreateDirectory(data);

                // mkdir(2) cuts the mode by the umask.
                Files.FchmodAt(Descriptor.WorkingDirectory, data, Everybody);
                if (owner != 0)
                {
                    Files.FchownAt(Descriptor.WorkingDirectory, data, owner, owner);
                }
            }

            database.Execute(
                "INSERT OR IGNORE INTO volumes (name, created, anonymous, labels, options) VALUES (?1, ?2, ?3, ?4, ?5)",
                chosen, clock.GetUtcNow().ToUnixTimeSeconds(), name is null, Written(labels), Written(options));
        });
        return Find(chosen);
    }

    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public VolumeInfo Find(string name) => TryFind(name) ?? throw new EngineException(FailureKind.NotFound, $"get {name}: no such volume", "`cdock volume ls` lists all");

    public VolumeInfo? TryFind(string name) => database.Query(Columns + " WHERE name = ?1", Read, name).Select(Complete).FirstOrDefault();

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<VolumeInfo> List() => [.. database.Query(Columns + " ORDER BY name", Read).Select(Complete)];

    /// <summary>A container has the volume from now on.</summary>
    public void Use(string name, string container)
        => database.Execute("INSERT OR IGNORE INTO volume_uses (volume, container) VALUES (?1, ?2)", name, container);

    /// <summary>The volumes of a container.</summary>
    public IReadOnlyList<VolumeInfo> Of(string container)
        => [.. database.Query(Columns + " JOIN volume_uses ON volume = name WHERE container = ?1 ORDER BY name", Read, container).Select(Complete)];

    /// <summary>A container is gone. Its anonymous volumes go with it where that is asked for, unless another has them.</summary>
    public void Forget(string container, bool withAnonymous)
    {
        IReadOnlyList<VolumeInfo> volumes = withAnonymous ? Of(container) : [];
        database.Execute("DELETE FROM volume_uses WHERE container = ?1", container);
        foreach (VolumeInfo volume in volumes.Where(volume => volume.IsAnonymous && volume.Users.All(user => user == container)))
        {
            Remove(volume.Name);
        }
    }

    /// <summary>Removes a volume and what is in it.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Conflict"/>: a container has it.</exception>
    public void Remove(string name)
    {
        string directory = Path.Join(_volumes, name);
        string going = Path.Join(_volumes, $".{Randomness.GetHex(NameBytes)}");
        CheckUnused(name);
        using SafeFileHandle? held = TryHold(directory);
        database.Transact(() =>
        {
            CheckUnused(name);
            database.Execute("DELETE FROM volume_uses WHERE volume = ?1", name);
            database.Execute("DELETE FROM volumes WHERE name = ?1", name);
            if (Directory.Exists(directory))
            {
                Directory.Move(directory, going);
            }
        });
        FileTrees.Remove(going);
    }

    /// <summary>Takes away what is left of volumes whose remover died.</summary>
    public static void Sweep(string root)
    {
        string volumes = In(root);
        foreach (string going in Directory.Exists(volumes) ? Directory.EnumerateDirectories(volumes, ".*") : [])
        {
            using SafeFileHandle? directory = TryHold(going);
            if (directory is not null)
            {
                FileTrees.Remove(going);
            }
        }
    }

    private void CheckUnused(string name)
    {
        VolumeInfo volume = Find(name);
        if (!volume.Users.IsEmpty)
        {
            throw new EngineException(
                FailureKind.Conflict, $"remove {name}: volume is in use - [{string.Join(", ", volume.Users)}]", "remove these containers first: `cdock rm`");
        }
    }

    // While somebody has the lock nobody takes what he removes for left behind. Null: somebody has.
    private static SafeFileHandle? TryHold(string path)
    {
        SafeFileHandle? directory = null;
        try
        {
            directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            if (FileContents.TryFlock(directory))
            {
                return directory;
            }
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
        }

        directory?.Dispose();
        return null;
    }

    /// <summary>Bytes of the files of a volume.</summary>
    public static long SizeOf(VolumeInfo volume) => DiskUse.Of(volume.Mountpoint);

    private static VolumeRow Read(DatabaseRow row) => new(row.Text(0), row.Number(1), row.Flag(2), row.Text(3), row.Text(4));

    private VolumeInfo Complete(VolumeRow row) => new()
    {
        Name = row.Name,
        Mountpoint = Path.Join(_volumes, row.Name, DataName),
        Created = DateTimeOffset.FromUnixTimeSeconds(row.Created),
        IsAnonymous = row.IsAnonymous,
        Labels = DefinitionJson.ReadMap(row.Labels),
        Options = DefinitionJson.ReadMap(row.Options),
        Users =
        [
            .. database.Query("SELECT container FROM volume_uses WHERE volume = ?1 ORDER BY container", use => use.Text(0), row.Name)
                .Where(container => Directory.Exists(Path.Join(_containers, container))),
        ],
    };

    private static string Written(IReadOnlyDictionary<string, string> labels)
        => DefinitionJson.Write(labels.ToImmutableSortedDictionary(StringComparer.Ordinal));

    private sealed record VolumeRow(string Name, long Created, bool IsAnonymous, string Labels, string Options);
}
