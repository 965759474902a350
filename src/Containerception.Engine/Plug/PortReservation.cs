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
    // What the kernel chooses for one family somebody may have of the other.
    private const int AttemptsMax = 16;

    /// <summary>Takes them.</summary>
    /// <param name="requests">What is to be published.</param>
    /// <param name="by4">Where ports of IPv4 lead; null for nowhere.</param>
    /// <param name="by6">Where those of IPv6 do; of IPv4 where they are relayed.</param>
    /// <exception cref="EngineException"><see cref="FailureKind.Conflict"/>: somebody has one.</exception>
    public List<HeldPort> Take(IEnumerable<PortRequest> requests, IPAddress? by4, IPAddress? by6)
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

                Take(request, by4, by6, held);
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
    private void Take(PortRequest request, IPAddress? by4, IPAddress? by6, List<HeldPort> held)
    {
        by6 = by6 is not null && HeldPort.CanLead(request.Protocol, IPAddress.IPv6Any, by6) ? by6 : null;
        (IPAddress Host, IPAddress? Container)[] all = request.HostAddress switch
        {
            null => [(IPAddress.Any, by4), (IPAddress.IPv6Any, Socket.OSSupportsIPv6 ? by6 : null)],
            { AddressFamily: AddressFamily.InterNetwork } address => [(address, by4)],
            IPAddress address => [(address, by6)],
        };
        (IPAddress Host, IPEndPoint Container)[] wanted =
            [.. all.Where(one => one.Container is not null).Select(one => (one.Host, new IPEndPoint(one.Container!, request.ContainerPort)))];
        if (wanted.Length == 0)
        {
            throw EngineException.Invalid(
                $"cannot publish {request.ContainerName} at {request.HostAddress}: the container has no address of that family", "connect it to a network with IPv6: --ipv6");
        }

        EngineException? refused = null;
        foreach (ushort port in CandidatesOf(request))
        {
            if ((refused = TryTake(request.Protocol, port, wanted, held)) is null)
            {
                return;
            }
        }

        throw request.HostPortLast == request.HostPort
            ? refused!
            : new EngineException(
                FailureKind.Conflict,
                string.Create(CultureInfo.InvariantCulture, $"all ports of {wanted[0].Host}:{request.HostPort}-{request.HostPortLast}/{request.Protocol.Name()} are allocated"), "choose others");
    }

    private static IEnumerable<ushort> CandidatesOf(PortRequest request)
        => request.HostPort == 0 ? Enumerable.Repeat<ushort>(0, AttemptsMax) : Enumerable.Range(request.HostPort, request.HostPortLast - request.HostPort + 1).Select(port => (ushort)port);

    /// <summary>One number at all addresses, or none.</summary>
    /// <returns>Null, or who has it.</returns>
    private EngineException? TryTake(PortProtocol protocol, ushort number, (IPAddress Host, IPEndPoint Container)[] wanted, List<HeldPort> held)
    {
        int before = held.Count;
        foreach ((IPAddress host, IPEndPoint container) in wanted)
        {
#pragma warning disable CA2000 // The list's.
            if (Take(protocol, host, number, container) is not HeldPort port)
#pragma warning restore CA2000
            {
                held[before..].ForEach(taken => taken.Dispose());
                held.RemoveRange(before, held.Count - before);
                return Taken(protocol, host, number);
            }

            held.Add(port);
            number = port.Port.HostPort;
        }

        return null;
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
