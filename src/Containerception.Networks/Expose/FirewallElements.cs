using System.Buffers.Binary;
using System.Net;
using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>What networks and published ports are in the sets and maps of <see cref="FirewallTable"/>.</summary>
internal static class FirewallElements
{
    public static IEnumerable<NftablesElement> Of(BridgeRules rules)
    {
        byte[] name = FirewallTable.InterfaceName(rules.Bridge);
        yield return new(FirewallTable.Bridges, name);
        if (rules.IsInternal)
        {
            yield return new(FirewallTable.Internal, name);
        }

        if (rules.Talks)
        {
            yield return new(FirewallTable.Talking, [.. name, .. name]);
        }

        foreach (IPNetwork subnet in rules.Subnets)
        {
            string suffix = Family.Of(subnet.BaseAddress).Suffix;
            byte[] first = subnet.BaseAddress.GetAddressBytes();
            byte[] last = Last(first, subnet.PrefixLength);
            yield return new(FirewallTable.Own + suffix, [.. first, .. name], KeyEnd: [.. last, .. name]);
            if (rules.Masquerade)
            {
                // The two ends of a range are two elements here; a range up to the very last address has no second.
                string set = FirewallTable.Masqueraded + suffix;
                yield return new(set, first);
                if (TryNext(last, out byte[] next))
                {
                    yield return new(set, next, IsEnd: true);
                }
            }
        }
    }

    public static NftablesElement Of(PublishedPort port)
    {
        if (port.HostAddress.AddressFamily != port.ContainerAddress.AddressFamily)
        {
            throw new ArgumentException($"{port.HostAddress} cannot be led to {port.ContainerAddress}", nameof(port));
        }

        byte[] key = [(byte)port.Protocol, 0, 0, 0, .. Service(port.HostPort)];
        byte[] data = [.. port.ContainerAddress.GetAddressBytes(), .. Service(port.ContainerPort)];
        string suffix = Family.Of(port.HostAddress).Suffix;
        return port.IsForAnyAddress
            ? new(FirewallTable.AnyPorts + suffix, key, Data: data)
            : new(FirewallTable.Ports + suffix, [.. port.HostAddress.GetAddressBytes(), .. key], Data: data);
    }

    private static byte[] Service(ushort port)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return bytes;
    }

    private static byte[] Last(byte[] first, int prefixLength)
    {
        byte[] last = [.. first];
        for (int bit = prefixLength; bit < last.Length * 8; bit++)
        {
            last[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return last;
    }

    private static bool TryNext(byte[] address, out byte[] next)
    {
        next = [.. address];
        for (int at = next.Length - 1; at >= 0; at--)
        {
            if (++next[at] != 0)
            {
                return true;
            }
        }

        return false;
    }
}
