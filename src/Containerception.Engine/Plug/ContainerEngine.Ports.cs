using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Containerception.Networks;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    // At once where it runs, and for each later start. Those that are added are taken before any is given up: who cannot have all keeps what he has.
    private void SetPorts(ContainerDefinition definition, UpdateRequest request)
    {
        if (definition.Networking is not { IsConnected: true } networking)
        {
            throw new EngineException(
                FailureKind.Conflict, $"the container {definition.Name} has no network of its own that ports could lead to", "make it anew with --network bridge");
        }

        Func<PublishDefinition, bool>[] removals = [.. request.PortsRemoved.Select(Removal)];
        for (int i = 0; i < removals.Length; i++)
        {
            if (!networking.Ports.Any(removals[i]))
            {
                throw new EngineException(FailureKind.NotFound, $"No public port '{request.PortsRemoved[i]}' published for {definition.Name}", "`cdock port` lists them");
            }
        }

        string directory = _store.PathOf(definition.Id);
        if (RunningPid(directory) is not null)
        {
            using SupervisorLine? line = SupervisorLine.TryConnect(directory);
            if (line is not null)
            {
                LeadNow(definition, PlacesOf(definition.Id), request.PortsAdded, removals, line);
            }
        }

        ImmutableArray<PublishDefinition> ports = [.. networking.Ports.Where(port => !removals.Any(gone => gone(port))), .. request.PortsAdded.Select(Define)];
        _store.Table.SetDefinition(definition with { Networking = networking with { Ports = ports } });
    }

    private void LeadNow(
        ContainerDefinition definition, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places,
        ImmutableArray<PortRequest> added, Func<PublishDefinition, bool>[] removals, SupervisorLine line)
    {
        RepairFirewall();
        List<HeldPort> held = Reserve(added, places);
        try
        {
            foreach (HeldPort port in held)
            {
                using SafeFileHandle? descriptor = port.Descriptor;
                if (descriptor is not null)
                {
                    line.Ask(FrameKind.Hold, Encoding.UTF8.GetBytes(port.Key), descriptor);
                }
            }

            if (held.Count > 0)
            {
                Publish(definition.Id, [.. held.Select(port => port.Port)]);
            }
        }
        finally
        {
            held.ForEach(port => port.Dispose());
        }

        PublishedPort[] gone = [.. NetworkStore.Ports.Of(definition.Id)
            .Where(port => !held.Exists(one => one.Port == port) && removals.Any(removed => removed(new PublishDefinition(
                port.Protocol.Name(), port.HostAddress.ToString(), port.HostPort, port.HostPort, port.ContainerPort))))];
        GiveUp(gone, line);
    }

    // Ports lead by the network that has the default route, for answers go there. Those that can lead nowhere are given up until a network comes.
    private void LeadPortsAnew(ContainerDefinition definition, List<(EndpointDefinition Endpoint, NetworkDefinition Network)> places)
    {
        string directory = _store.PathOf(definition.Id);
        using SupervisorLine? line = RunningPid(directory) is null ? null : SupervisorLine.TryConnect(directory);
        if (line is null || definition.Networking is not { } networking)
        {
            return;
        }

        (IPAddress? by4, IPAddress? by6) = TargetsOf(places);
        List<PublishedPort> ports = NetworkStore.Ports.Of(definition.Id);
        if (ports.Count == 0 && (by4 ?? by6) is not null)
        {
            LeadNow(definition, places, [.. RequestsOf(networking)], [], line);
            return;
        }

        (PublishedPort Port, IPAddress? Address)[] all = [.. ports.Select(port => (port, LeadsTo(port, port.HostAddress.AddressFamily == AddressFamily.InterNetwork ? by4 : by6)))];
        (PublishedPort Port, PublishedPort Moved)[] moves =
            [.. all.Where(one => one.Address is not null && !one.Address.Equals(one.Port.ContainerAddress)).Select(one => (one.Port, one.Port with { ContainerAddress = one.Address! }))];
        GiveUp([.. all.Where(one => one.Address is null).Select(one => one.Port)], line);

        // A relay is told where to lead when it gets the socket: it gets another.
        PublishedPort[] relayed = [.. moves.Where(move => HeldPort.IsRelayed(move.Port) || HeldPort.IsRelayed(move.Moved)).Select(move => move.Port)];
        if (relayed.Length > 0)
        {
            GiveUp(relayed, line);
            LeadNow(definition, places, [.. relayed.Select(port => new PortRequest(port.Protocol, port.HostAddress, port.HostPort, port.ContainerPort))], [], line);
        }

        PublishedPort[] led = [.. moves.Where(move => !relayed.Contains(move.Port)).Select(move => move.Moved)];
        if (led.Length > 0)
        {
            RepairFirewall();
            Publish(definition.Id, led);
        }
    }

    private static IPAddress? LeadsTo(PublishedPort port, IPAddress? address)
        => address is not null && HeldPort.CanLead(port.Protocol, port.HostAddress, address) ? address : null;

    private void GiveUp(PublishedPort[] ports, SupervisorLine line)
    {
        Withdraw(ports);
        foreach (PublishedPort port in ports)
        {
            line.Ask(FrameKind.Release, Encoding.UTF8.GetBytes(HeldPort.KeyOf(port)));
        }
    }

    private void Withdraw(PublishedPort[] ports) => Database.Transact(() =>
    {
        if (ports.Length > 0)
        {
            UserNetwork.Run(() =>
            {
                Firewall.Withdraw(ports);
                Firewall.ForgetFlows(ports);
            });
            Array.ForEach(ports, NetworkStore.Ports.Remove);
        }
    });

    // A port of the container alone means every port of the host that leads to it.
    private static Func<PublishDefinition, bool> Removal(string text)
    {
        PortRequest[] wanted = [.. PortRequest.Parse(text)];
        return port => wanted.Any(one => one.ContainerPort == port.ContainerPort && one.Protocol.Name() == port.Protocol
            && (one.HostPort == 0 || one.HostPort == port.HostPort)
            && (one.HostAddress is null || one.HostAddress.ToString() == port.HostAddress));
    }

    private static PublishDefinition Define(PortRequest port)
        => new(port.Protocol.Name(), port.HostAddress?.ToString(), port.HostPort, port.HostPortLast, port.ContainerPort);
}
