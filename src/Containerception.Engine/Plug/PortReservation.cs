using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Containerception.Networks;

namespace Containerception.Engine;

/// <summary>Takes the ports of the host that a container is to have, all or none.</summary>
/// <param name="describeOwner">Who has a port, in words; null when it is no container's.</param>
/// <param name="waitFor">Waits for the owners of a port that are just ending, and says whether it waited for any.</param>
internal sealed class PortReservation(Func<PortProtocol, ushort, string?> describeOwner, Func<PortProtocol, ushort, bool> waitFor)
{
    /// <summary>Takes them.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Conflict"/>: somebody has one.</exception>
    public List<HeldPort> Take(IEnumerable<PortRequest> requests, IPAddress? address4, IPAddress? address6)
    {
        List<HeldPort> held = [];
        try
        {
            foreach (PortRequest request in requests)
            {
                if (held.Count >= PortRequest.CountMax)
                {
                    throw EngineException.Invalid($"a container can publish {PortRequest.CountMax} ports at most: each is an open file of its supervisor");
                }

                Take(request, address4, address6, held);
            }

            return held;
        }
        catch
        {
            held.ForEach(port => port.Dispose());
            throw;
        }
    }

    // Each family of the host's leads to the container's address of that family; a container without IPv6 is reached by it all the same, as docker has it.
    private void Take(PortRequest request, IPAddress? address4, IPAddress? address6, List<HeldPort> held)
    {
        IPAddress? by6 = address6 ?? (address4 is not null && HeldPort.CanLead(request.Protocol, IPAddress.IPv6Any, address4) ? address4 : null);
        (IPAddress Host, IPAddress? Container)[] wanted = request.HostAddress switch
        {
            null => [(IPAddress.Any, address4), (IPAddress.IPv6Any, Socket.OSSupportsIPv6 ? by6 : null)],
            { AddressFamily: AddressFamily.InterNetwork } address => [(address, address4)],
            IPAddress address => [(address, by6)],
        };
        ushort chosen = 0;
        foreach ((IPAddress host, IPAddress? container) in wanted)
        {
            if (container is null)
            {
                continue;
            }

            IPEndPoint inside = new(container, request.ContainerPort);
            HeldPort port = chosen == 0 ? TakeFirst(request, host, inside) : Take(request.Protocol, host, chosen, inside) ?? throw Taken(request.Protocol, host, chosen);
            chosen = port.Port.HostPort;
            held.Add(port);
        }

        if (chosen == 0)
        {
            throw EngineException.Invalid(
                $"cannot publish {request.ContainerName} at {request.HostAddress}: the container has no address of that family", "connect it to a network with IPv6: --ipv6");
        }
    }

    private HeldPort TakeFirst(PortRequest request, IPAddress host, IPEndPoint container)
    {
        for (int port = request.HostPort; port <= request.HostPortLast; port++)
        {
            if (Take(request.Protocol, host, (ushort)port, container) is HeldPort held)
            {
                return held;
            }
        }

        throw request.HostPortLast == request.HostPort
            ? Taken(request.Protocol, host, request.HostPort)
            : new EngineException(
                FailureKind.Conflict,
                string.Create(CultureInfo.InvariantCulture, $"all ports of {host}:{request.HostPort}-{request.HostPortLast}/{request.Protocol.Name()} are allocated"), "choose others");
    }

    private HeldPort? Take(PortProtocol protocol, IPAddress host, ushort port, IPEndPoint container)
        => HeldPort.TryTake(protocol, host, port, container)
            ?? (waitFor(protocol, port) ? HeldPort.TryTake(protocol, host, port, container) : null);

    private EngineException Taken(PortProtocol protocol, IPAddress host, ushort port)
    {
        string owner = describeOwner(protocol, port) is string container ? $"the container {container} has it" : "a program of the host has it";
        return new EngineException(
            FailureKind.Conflict, $"Bind for {new IPEndPoint(host, port)} failed: port is already allocated ({protocol.Name()}): {owner}",
            "choose another port of the host, or see `cdock ps` and `ss -lpn`");
    }
}
