using System.Net;
using System.Net.Sockets;
using Containerception.Supervision;

namespace Containerception.Runtime;

/// <summary>What a container may know of names, as its files say at this moment: those of its networks, and who knows the others.</summary>
internal sealed class NameFiles(string path) : IDisposable
{
    private const int PlanBytesMax = 1 << 20;
    private const int NamesBytesMax = 4 << 20;

    private readonly ReplacedFile _plan = new(path, PlanBytesMax);
    private ReplacedFile[] _networks = [];
    private int _rotation;

    /// <summary>Who is asked for other names; null when nobody may be.</summary>
    public DnsServers? Servers { get; private set; }

    /// <summary>Reads again what was replaced.</summary>
    /// <exception cref="FormatException">A file is not what it should be.</exception>
    public void Refresh()
    {
        if (_plan.Refresh())
        {
            Follow();
        }

        foreach (ReplacedFile network in _networks)
        {
            network.Refresh();
        }
    }

    /// <summary>The addresses of a name, each time another one first; false when nobody has the name.</summary>
    public bool TryFind(string name, DnsType type, List<IPAddress> addresses)
    {
        bool found = false;
        foreach (ReplacedFile network in _networks)
        {
            found |= HostsText.TryFind(network.Content.Span, name, addresses);
        }

        // In both families a name is known or not: who asks for the other one is told that it has no such address, not that it does not exist.
        AddressFamily? wanted = type switch { DnsType.A => AddressFamily.InterNetwork, DnsType.AAAA => AddressFamily.InterNetworkV6, _ => null };
        addresses.RemoveAll(address => address.AddressFamily != wanted);
        if (addresses.Count > 1)
        {
            int first = _rotation++ % addresses.Count;
            addresses.AddRange(addresses[..first]);
            addresses.RemoveRange(0, first);
        }

        return found;
    }

    /// <summary>The name of an address; null when nobody has it.</summary>
    public string? NameOf(IPAddress address)
    {
        foreach (ReplacedFile network in _networks)
        {
            if (HostsText.NameOf(network.Content.Span, address) is { } name)
            {
                return name;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _plan.Dispose();
        Array.ForEach(_networks, network => network.Dispose());
    }
    private void Follow()
    {
        try
        {
            DnsNames names = DnsNames.Read(_plan.Content);
            DnsServers? servers = names.Forward ? new DnsServers(names.Servers) : null;
            Array.ForEach(_networks, network => network.Dispose());
            _networks = [.. names.Networks.Select(file => new ReplacedFile(file, NamesBytesMax))];
            Servers = servers;
        }
        catch (FormatException)
        {
            // The next question tries again.
            _plan.Dispose();
            throw;
        }
    }
}
