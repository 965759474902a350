using System.Net.Sockets;
using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>
/// One table of nf_tables, with all that networks and published ports need of it, in the calling thread's network namespace. The rules are always the same, and a
/// container costs an element. Every change takes effect as a whole or not at all; other tables are left alone.
/// </summary>
/// <param name="table">The name of the table, in family inet.</param>
public sealed class Firewall(string table)
{
    /// <summary>Makes the table anew, in one transaction, whether it was there or not.</summary>
    public void Rebuild(IReadOnlyList<BridgeRules> bridges, IReadOnlyList<PublishedPort> ports)
    {
        NftablesBatch batch = new(table);
        DeleteIfThere(batch);
        FirewallTable.Write(batch);
        batch.AddElements(bridges.SelectMany(FirewallElements.Of).Concat(ElementsOf(ports)));
        batch.Commit();
    }

    /// <summary>Whether the table, its chains, sets and rules are there as <see cref="Rebuild"/> makes them. Elements are not looked at.</summary>
    public bool IsIntact()
    {
        NftablesBatch expected = new(table);
        FirewallTable.Write(expected);

        // What somebody else changes meanwhile can make the kernel's list come out wrong once.
        return NftablesTables.AreAsMadeBy(expected) || NftablesTables.AreAsMadeBy(expected);
    }

    /// <summary>Adds a network, or what is missing of it.</summary>
    public void Add(BridgeRules bridge) => Change(batch => batch.AddElements(FirewallElements.Of(bridge)));

    /// <summary>Removes a network; what is not there is no error.</summary>
    public void Remove(BridgeRules bridge) => TryRemove([.. FirewallElements.Of(bridge)]);

    /// <summary>Leads ports to containers. One that leads elsewhere leads here from now on. Those that are only relayed are nothing to the kernel, here and below.</summary>
    public void Publish(IReadOnlyList<PublishedPort> ports)
    {
        NftablesElement[] elements = ElementsOf(ports);
        try
        {
            Change(batch => batch.AddElements(elements));
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            // One of them was left by somebody who crashed. Added before it is deleted: it has to be there for that.
            foreach (NftablesElement element in elements)
            {
                if (!TryAdd(element))
                {
                    Change(batch =>
                    {
                        batch.DeleteElements([element]);
                        batch.AddElements([element]);
                    });
                }
            }
        }
    }

    /// <summary>Takes ports back. One that is not there, or that leads to another container by now, is no error and is left alone.</summary>
    public void Withdraw(IReadOnlyList<PublishedPort> ports)
    {
        NftablesElement[] elements = ElementsOf(ports);
        if (!TryRemove(elements))
        {
            foreach (NftablesElement element in elements)
            {
                TryRemove([element]);
            }
        }
    }

    /// <summary>Removes the whole table; it need not be there.</summary>
    public void Remove() => Change(DeleteIfThere);

    /// <summary>
    /// Forgets the flows of udp that were sent to these ports: of ports withdrawn, for connection tracking leads a client who goes on sending to the old container; and of
    /// ports just published, for it leads one who came too early to nobody. Flows that only pass through this machine are left alone.
    /// </summary>
    public static void ForgetFlows(IReadOnlyList<PublishedPort> ports)
    {
        foreach (IGrouping<AddressFamily, PublishedPort> family in ports.Where(static port => port.Protocol == PortProtocol.Udp).GroupBy(static port => port.HostAddress.AddressFamily))
        {
            ILookup<ushort, PublishedPort> byPort = family.ToLookup(static port => port.HostPort);

            // One of which only the source was changed comes from a container, and goes to the same port of somebody elsewhere.
            Conntrack.Forget(family.Key, (byte)PortProtocol.Udp, byPort.Count == 1 ? byPort.First().Key : null, flow => flow.Status is not ConntrackStatus.IPS_SRC_NAT
                && byPort[flow.Port].Any(port => port.IsForAnyAddress || port.HostAddress.Equals(flow.Destination)));
        }
    }

    private static NftablesElement[] ElementsOf(IReadOnlyList<PublishedPort> ports) => [.. ports.Where(static port => port.IsLed).Select(FirewallElements.Of)];

    private void Change(Action<NftablesBatch> change)
    {
        NftablesBatch batch = new(table);
        change(batch);
        batch.Commit();
    }

    // Made first: what is not there cannot be deleted, and NFT_MSG_DESTROYTABLE came with Linux 6.3.
    private static void DeleteIfThere(NftablesBatch batch)
    {
        batch.AddTable();
        batch.DeleteTable();
    }

    private bool TryAdd(NftablesElement element)
    {
        try
        {
            Change(batch => batch.AddElements([element]));
            return true;
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            return false;
        }
    }

    /// <summary>False when one of them has other data, and nothing was removed.</summary>
    private bool TryRemove(NftablesElement[] elements)
    {
        try
        {
            // Added first, in the same transaction: it is there then, with this data or not at all. The kernel deletes by the key alone.
            Change(batch =>
            {
                batch.AddElements(elements);
                batch.DeleteElements(elements);
            });
            return true;
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            return false;
        }
        catch (LinuxException error) when (error.Errno == Errno.ENOENT)
        {
            // No table, and nothing in it.
            return true;
        }
    }
}
