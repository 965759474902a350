using System.Collections.Immutable;
using System.Net;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>Turns the flags of <c>cdock network create</c> that tell of addresses into pools.</summary>
internal static class NetworkPoolReader
{
    /// <exception cref="UsageException">They are none, or belong to no subnet.</exception>
    public static ImmutableArray<NetworkPool> Read(string[] subnets, string[] ranges, string[] gateways, string[] auxiliary)
    {
        List<NetworkPool> pools = [.. subnets.Select(text => new NetworkPool(Subnet(text, "--subnet")))];
        foreach (string text in ranges)
        {
            IPNetwork range = Subnet(text, "--ip-range");
            int i = PoolOf(pools, range.BaseAddress, "--ip-range", text);
            pools[i] = pools[i].Range is null ? pools[i] with { Range = range } : throw new UsageException($"cannot configure multiple ranges ({text}) on the same subnet");
        }

        foreach (string text in gateways)
        {
            IPAddress address = Address(text, "--gateway");
            int i = PoolOf(pools, address, "--gateway", text);
            pools[i] = pools[i].Gateway is null ? pools[i] with { Gateway = address } : throw new UsageException($"cannot configure multiple gateways ({text}) on the same subnet");
        }

        foreach (string text in auxiliary)
        {
            string[] pair = text.Split('=', 2);
            IPAddress address = pair.Length == 2 ? Address(pair[1], "--aux-address") : throw new UsageException($"invalid value \"{text}\" for --aux-address", "use NAME=ADDRESS");
            int i = PoolOf(pools, address, "--aux-address", text);
            pools[i] = pools[i] with { Auxiliary = pools[i].Auxiliary.SetItem(pair[0], address.ToString()) };
        }

        return [.. pools];
    }

    private static int PoolOf(List<NetworkPool> pools, IPAddress address, string flag, string text)
    {
        int i = pools.FindIndex(pool => pool.Subnet.Contains(address));
        return i >= 0 ? i : throw new UsageException($"no matching subnet for {flag} {text}", "give its --subnet too");
    }

    // docker takes 10.1.2.3/16 for 10.1.0.0/16.
    private static IPNetwork Subnet(string text, string flag)
    {
        string[] parts = text.Split('/');
        if (parts.Length != 2 || !AddressText.TryParse(parts[0], out IPAddress? address) || !int.TryParse(parts[1], out int length)
            || length < 0 || length > address.GetAddressBytes().Length * 8)
        {
            throw new UsageException($"invalid value \"{text}\" for {flag}: invalid CIDR address", "for instance 10.89.0.0/24");
        }

        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static IPAddress Address(string text, string flag)
        => AddressText.TryParse(text, out IPAddress? address) ? address : throw new UsageException($"invalid value \"{text}\" for {flag}: no IP address");
}
