using Containerception.Images;

namespace Containerception.Engine;

/// <summary>The containers' rows of the database. A name belongs to whoever has a row with it.</summary>
internal sealed class ContainerTable(Database database)
{
    private const string Columns = "id, name, image, created, runtime, auto_remove, restart, definition";

    /// <summary>Makes a row; false when its name is taken.</summary>
    /// <param name="definition">The container.</param>
    /// <param name="isWhole">It is there from now on, though never started; else until it is started whoever finds it unlocked removes it.</param>
    public bool TryAdd(ContainerDefinition definition, bool isWhole) => database.Execute(
        $"INSERT INTO containers ({Columns}, whole) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (name) DO NOTHING",
        definition.Id, definition.Name, definition.Image, definition.Created.UtcTicks, definition.Runtime, definition.AutoRemove, definition.Restart,
        definition.ToJson(), isWhole) == 1;

    /// <summary>Takes a row away, and gives its name back.</summary>
    public void Remove(string id) => database.Execute("DELETE FROM containers WHERE id = ?1", id);

    /// <summary>Gives a container another name; false when it is taken.</summary>
    public bool TryRename(string id, string name) => database.Transact(() =>
        database.Query("SELECT 1 FROM containers WHERE name = ?1", row => row.Number(0), name).Count == 0
        && database.Execute("UPDATE containers SET name = ?2 WHERE id = ?1", id, name) == 1);

    public void SetRestart(string id, string policy) => database.Execute("UPDATE containers SET restart = ?2 WHERE id = ?1", id, policy);

    /// <summary>Writes anew what else is known of a container.</summary>
    public void SetDefinition(ContainerDefinition definition)
        => database.Execute("UPDATE containers SET definition = ?2 WHERE id = ?1", definition.Id, definition.ToJson());

    /// <summary>Which rows there are, and whether each is whole and kept after its end.</summary>
    public Dictionary<string, bool> Ids()
    {
        Dictionary<string, bool> ids = [];
        database.Query("SELECT id, whole FROM containers", row => ids[row.Text(0)] = row.Flag(1));
        return ids;
    }

    public List<ContainerDefinition> All() => database.Query($"SELECT {Columns} FROM containers ORDER BY created DESC", Read);

    /// <summary>The id of who has a name.</summary>
    public string? OwnerOf(string name) => database.Query("SELECT id FROM containers WHERE name = ?1", row => row.Text(0), name).FirstOrDefault();

    public ContainerDefinition? TryGet(string id) => database.Query($"SELECT {Columns} FROM containers WHERE id = ?1", Read, id).FirstOrDefault();

    /// <summary>Finds a container by its name, its id, or the beginning of its id.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Invalid"/> for a beginning that several have.</exception>
    public ContainerDefinition Find(string nameOrId)
    {
        List<ContainerDefinition> exact = database.Query($"SELECT {Columns} FROM containers WHERE name = ?1 OR id = ?1 LIMIT 1", Read, nameOrId.TrimStart('/'));
        if (exact.Count == 1)
        {
            return exact[0];
        }

        List<ContainerDefinition> found = nameOrId.Length > 0 && nameOrId.All(char.IsAsciiHexDigitLower)
            ? database.Query($"SELECT {Columns} FROM containers WHERE id GLOB ?1 || '*' LIMIT 3", Read, nameOrId)
            : [];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new EngineException(FailureKind.NotFound, $"no such container: {nameOrId}", "`cdock ps -a` lists all"),
            _ => throw EngineException.Invalid($"the id {nameOrId} is the beginning of several containers' ids", "write more of it"),
        };
    }

    private static ContainerDefinition Read(DatabaseRow row) => ContainerDefinition.FromJson(row.Text(7)) with
    {
        Id = row.Text(0),
        Name = row.Text(1),
        Image = row.Text(2),
        Created = new DateTimeOffset(row.Number(3), TimeSpan.Zero),
        Runtime = row.Text(4),
        AutoRemove = row.Flag(5),
        Restart = row.Text(6),
    };
}
