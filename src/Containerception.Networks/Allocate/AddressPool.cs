using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Containerception.Networks;

/// <summary>Chooses subnets that nobody has, and addresses in them. Who has which is the caller's to remember.</summary>
public static class AddressPool
{
    private const int BitsOfIPv4 = 32;
    private const int BitsOfIPv6 = 128;
    private const int PrefixLengthOfUniqueLocal = 64;
    private const byte UniqueLocal = 0xfd;

    /// <summary>How many bytes the global identifier of a unique local address has: RFC 4193, section 3.2.</summary>
    public const int GlobalIdBytes = 5;

    /// <summary>Docker's pools: of 172.17.0.0 to 172.31.255.255 in 65,536, then of 192.168.0.0/16 in 4,096 addresses.</summary>
    public static IEnumerable<IPNetwork> DefaultSubnets
        => Enumerable.Range(17, 15).Select(second => new IPNetwork(new IPAddress([172, (byte)second, 0, 0]), 16))
            .Concat(Enumerable.Range(0, 16).Select(part => new IPNetwork(new IPAddress([192, 168, (byte)(part * 16), 0]), 20)));

    /// <summary>The first subnet of the pools that overlaps none of those taken; null when all do.</summary>
    public static IPNetwork? ChooseSubnet(IEnumerable<IPNetwork> taken)
    {
        IPNetwork[] others = [.. taken];
        return FirstFree(DefaultSubnets, others);
    }

    /// <summary>The first /64 of a site's unique local prefix (RFC 4193) that overlaps none of those taken; null when all 65,536 do.</summary>
    /// <param name="taken">The subnets in use.</param>
    /// <param name="globalId">40 random bits, the same for all networks of a machine: two machines' networks can then be joined.</param>
    public static IPNetwork? ChooseUniqueLocal(IEnumerable<IPNetwork> taken, ReadOnlySpan<byte> globalId)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(globalId.Length, GlobalIdBytes);
        byte[] site = [UniqueLocal, .. globalId, .. new byte[10]];
        IPNetwork[] others = [.. taken];
        return FirstFree(Enumerable.Range(0, ushort.MaxValue + 1).Select(number =>
        {
            BinaryPrimitives.WriteUInt16BigEndian(site.AsSpan(1 + GlobalIdBytes), (ushort)number);
            return new IPNetwork(new IPAddress(site), PrefixLengthOfUniqueLocal);
        }), others);
    }

    /// <summary>Whether two subnets have an address in common.</summary>
    public static bool Overlap(IPNetwork one, IPNetwork other) => one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress);

    /// <summary>The address that a network's bridge gets when nobody says which: the first that a host can have.</summary>
    public static IPAddress Gateway(IPNetwork subnet) => ToAddress(Hosts(subnet).First, subnet.BaseAddress.AddressFamily);

    /// <summary>Whether a host of the subnet can have the address: it lies in it, and is neither its network's nor its broadcast address.</summary>
    public static bool IsHost(IPNetwork subnet, IPAddress address)
    {
        if (address.AddressFamily != subnet.BaseAddress.AddressFamily)
        {
            return false;
        }

        (UInt128 first, UInt128 last) = Hosts(subnet);
        UInt128 number = ToNumber(address);
        return number >= first && number <= last;
    }

    /// <summary>
    /// The next free address; null when there is none. Searched from <paramref name="after"/> on and then from the start, so that an address that
    /// was just given back is not at once somebody else's: its peers remember it for a while.
    /// </summary>
    /// <param name="subnet">The network.</param>
    /// <param name="range">The part of it to choose from; null for all of it.</param>
    /// <param name="taken">The addresses in use: the gateway's too.</param>
    /// <param name="after">The address that was given last; null for none.</param>
    public static IPAddress? Next(IPNetwork subnet, IPNetwork? range, IReadOnlySet<IPAddress> taken, IPAddress? after)
    {
        AddressFamily family = subnet.BaseAddress.AddressFamily;
        (UInt128 first, UInt128 last) = Hosts(subnet);
        if (range is { } part)
        {
            if (part.BaseAddress.AddressFamily != family || !Overlap(subnet, part))
            {
                return null;
            }

            first = UInt128.Max(first, ToNumber(part.BaseAddress));
            last = UInt128.Min(last, ToNumber(part.BaseAddress) | HostBits(part));
        }

        UInt128 start = after?.AddressFamily == family && ToNumber(after) is { } number && number >= first && number < last ? number + 1 : first;
        return FirstFree(start, last, taken, family) ?? (start > first ? FirstFree(first, start - 1, taken, family) : null);
    }

    // At most one address more is looked at than there are taken ones.
    private static IPAddress? FirstFree(UInt128 first, UInt128 last, IReadOnlySet<IPAddress> taken, AddressFamily family)
    {
        for (UInt128 number = first; number <= last; number++)
        {
            IPAddress address = ToAddress(number, family);
            if (!taken.Contains(address))
            {
                return address;
            }

            if (number == UInt128.MaxValue)
            {
                break;
            }
        }

        return null;
    }

    private static IPNetwork? FirstFree(IEnumerable<IPNetwork> subnets, IPNetwork[] taken)
    {
        foreach (IPNetwork subnet in subnets)
        {
            if (!Array.Exists(taken, other => Overlap(subnet, other)))
            {
                return subnet;
            }
        }

        return null;
    }

    /// <summary>The first and the last address that hosts can have.</summary>
    private static (UInt128 First, UInt128 Last) Hosts(IPNetwork subnet)
    {
        UInt128 first = ToNumber(subnet.BaseAddress);
        UInt128 last = first | HostBits(subnet);

        // A link of two has no other addresses (RFC 3021, RFC 6164), and a host alone no other than its own.
        if (last - first <= 1)
        {
            return (first, last);
        }

        // The first is the network's, or all of its routers' (RFC 4291, 2.6.1); the last is for all of its hosts, which IPv6 does not have.
        return subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? (first + 1, last - 1) : (first + 1, last);
    }

    private static UInt128 HostBits(IPNetwork subnet)
    {
        int bits = (subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? BitsOfIPv4 : BitsOfIPv6) - subnet.PrefixLength;
        // Shifting by all 128 bits shifts by none.
        return bits == 0 ? 0 : UInt128.MaxValue >> (BitsOfIPv6 - bits);
    }

    private static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[BitsOfIPv6 / 8];
        address.TryWriteBytes(bytes, out int count);
        return count == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static IPAddress ToAddress(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[BitsOfIPv6 / 8];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(family == AddressFamily.InterNetwork ? bytes[^sizeof(uint)..] : bytes);
    }
}
