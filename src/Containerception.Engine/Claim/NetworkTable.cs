using Containerception.Images;

namespace Containerception.Engine;

/// <summary>The networks' rows of the database, and the places that containers have in them. No two have one address: the database sees to it.</summary>
internal sealed class NetworkTable(Database database)
{
    private const string Columns = "id, name, created, definition";
    private const string EndpointColumns = "network, container, address4, address6, active, definition";

    public bool TryAdd(NetworkDefinition network) => database.Execute(
        $"INSERT INTO networks ({Columns}) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO NOTHING",
        network.Id, network.Name, network.Created.UtcTicks, network.ToJson()) == 1;

    public void Remove(string id) => database.Execute("DELETE FROM networks WHERE id = ?1", id);

    public List<NetworkDefinition> All() => database.Query($"SELECT {Columns} FROM networks ORDER BY name", Read);

    public NetworkDefinition? TryFind(string name) => database.Query($"SELECT {Columns} FROM networks WHERE name = ?1 OR id = ?1", Read, name).FirstOrDefault();

    /// <summary>Finds a network by its name, its id, or the beginning of its id.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Invalid"/> for a beginning that several have.</exception>
    public NetworkDefinition Find(string name)
    {
        if (TryFind(name) is NetworkDefinition exact)
        {
            return exact;
        }

        List<NetworkDefinition> found = name.Length > 0 && name.All(char.IsAsciiHexDigitLower)
            ? database.Query($"SELECT {Columns} FROM networks WHERE id GLOB ?1 || '*' LIMIT 3", Read, name)
            : [];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new EngineException(FailureKind.NotFound, $"network {name} not found", "`cdock network ls` lists all"),
            _ => throw EngineException.Invalid($"network {name} is ambiguous ({found.Count} matches found on ID prefix)", "write more of the id"),
        };
    }

    public void Put(EndpointDefinition endpoint) => database.Execute(
        $"INSERT INTO endpoints ({EndpointColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (network, container) DO UPDATE SET "
        + "address4 = ?3, address6 = ?4, active = ?5, definition = ?6",
        endpoint.Network, endpoint.Container, endpoint.Address4, endpoint.Address6, endpoint.IsActive, endpoint.ToJson());

    public void RemoveEndpoint(string network, string container)
        => database.Execute("DELETE FROM endpoints WHERE network = ?1 AND container = ?2", network, container);

    public void RemoveEndpoints(string container) => database.Execute("DELETE FROM endpoints WHERE container = ?1", container);

    /// <summary>The container runs, or does not any more. Says whether that is news.</summary>
    public bool SetActive(string container, bool isActive)
        => database.Execute("UPDATE endpoints SET active = ?2 WHERE container = ?1 AND active <> ?2", container, isActive) > 0;

    /// <summary>The places in a network.</summary>
    public List<EndpointDefinition> In(string network)
        => database.Query($"SELECT {EndpointColumns} FROM endpoints WHERE network = ?1 ORDER BY container", ReadEndpoint, network);

    /// <summary>The places of a container, the first interface first.</summary>
    public List<EndpointDefinition> Of(string container)
        => [.. database.Query($"SELECT {EndpointColumns} FROM endpoints WHERE container = ?1", ReadEndpoint, container).OrderBy(endpoint => endpoint.Order)];

    private static NetworkDefinition Read(DatabaseRow row) => NetworkDefinition.FromJson(row.Text(3)) with
    {
        Id = row.Text(0),
        Name = row.Text(1),
        Created = new DateTimeOffset(row.Number(2), TimeSpan.Zero),
    };

    private static EndpointDefinition ReadEndpoint(DatabaseRow row) => EndpointDefinition.FromJson(row.Text(5)) with
    {
        Network = row.Text(0),
        Container = row.Text(1),
        Address4 = row.Text(2) is { Length: > 0 } address4 ? address4 : null,
        Address6 = row.Text(3) is { Length: > 0 } address6 ? address6 : null,
        IsActive = row.Flag(4),
    };
}
