using System.Net;
using Containerception.Images;
using Containerception.Networks;

namespace Containerception.Engine;

/// <summary>The ports of the host that lead to containers now. Whose they are the sockets decide that a supervisor holds; this says it to others.</summary>
internal sealed class PortTable(Database database)
{
    private const string Columns = "container, protocol, host_address, host_port, address, port";

    /// <summary>A port has a row once it was bound: an earlier row is of somebody who has lost it.</summary>
    public void Put(string container, PublishedPort port) => database.Execute(
        $"INSERT OR REPLACE INTO ports ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        container, (int)port.Protocol, port.HostAddress.ToString(), (int)port.HostPort, port.ContainerAddress.ToString(), (int)port.ContainerPort);

    public void Remove(string container) => database.Execute("DELETE FROM ports WHERE container = ?1", container);

    public void Remove(PublishedPort port) => database.Execute(
        "DELETE FROM ports WHERE protocol = ?1 AND host_address = ?2 AND host_port = ?3", (int)port.Protocol, port.HostAddress.ToString(), (int)port.HostPort);

    public List<PublishedPort> Of(string container) => database.Query($"SELECT {Columns} FROM ports WHERE container = ?1", Read, container);

    public List<PublishedPort> All() => database.Query($"SELECT {Columns} FROM ports", Read);

    /// <summary>By container.</summary>
    public ILookup<string, PublishedPort> ByContainer()
        => database.Query($"SELECT {Columns} FROM ports", row => (Container: row.Text(0), Port: Read(row))).ToLookup(row => row.Container, row => row.Port);

    /// <summary>The containers that have a port, by whatever address.</summary>
    public List<string> OwnersOf(PortProtocol protocol, ushort port)
        => database.Query("SELECT container FROM ports WHERE protocol = ?1 AND host_port = ?2", row => row.Text(0), (int)protocol, (int)port);

    private static PublishedPort Read(DatabaseRow row) => new()
    {
        Protocol = (PortProtocol)row.Number(1),
        HostAddress = IPAddress.Parse(row.Text(2)),
        HostPort = (ushort)row.Number(3),
        ContainerAddress = IPAddress.Parse(row.Text(4)),
        ContainerPort = (ushort)row.Number(5),
    };
}
