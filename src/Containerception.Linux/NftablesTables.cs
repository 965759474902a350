using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Looks at tables of nf_tables, family inet, in the calling thread's network namespace.</summary>
public static class NftablesTables
{
    private const int RequestBytes = 16 * 1024;
    private const ushort NLA_F_NESTED = 0x8000;
    private const ushort NFTA_TABLE_NAME = 1;
    private const ushort NFTA_CHAIN_TABLE = 1;
    private const ushort NFTA_CHAIN_NAME = 3;
    private const ushort NFTA_SET_TABLE = 1;
    private const ushort NFTA_SET_NAME = 2;
    private const ushort NFTA_SET_ID = 10;
    private const ushort NFTA_RULE_TABLE = 1;
    private const int AttributeHeaderBytes = 4;

    /// <summary>
    /// Whether the table, its chains, sets and rules are what these messages would make. The kernel tells what it was told, attribute by attribute, and more
    /// besides, such as handles, which are passed over. Elements of sets are not looked at.
    /// </summary>
    public static bool AreAsMadeBy(NftablesBatch batch)
    {
        List<ReadOnlyMemory<byte>> objects = [];
        List<ReadOnlyMemory<byte>> rules = [];
        NetlinkRequest request = new(RequestBytes);
        byte[] bytes = batch.Bytes.ToArray();
        for (int at = 0; at < bytes.Length;)
        {
            NetlinkHeader header = MemoryMarshal.Read<NetlinkHeader>(bytes.AsSpan(at));
            int length = (int)header.nlmsg_len;
            Memory<byte> attributes = bytes.AsMemory(at, length)[(Unsafe.SizeOf<NetlinkHeader>() + Unsafe.SizeOf<NetfilterHeader>())..];
            at += length;
            if ((int)header.nlmsg_type >> 8 != (int)NetfilterSubsystem.NFNL_SUBSYS_NFTABLES)
            {
                continue;
            }

            if ((NftablesMessage)(byte)header.nlmsg_type == NftablesMessage.NFT_MSG_NEWRULE)
            {
                rules.Add(attributes);
            }
            else
            {
                AskFor((NftablesMessage)(byte)header.nlmsg_type, attributes.Span, request);
                objects.Add(attributes);
            }
        }

        using SafeFileHandle netlink = Netfilter.Open(RequestBytes);
        try
        {
            return Answers(netlink, request, objects) && Answers(netlink, RulesOf(batch.Table), rules);
        }
        catch (LinuxException error) when (error.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>One message for each object, all in one datagram.</summary>
    private static void AskFor(NftablesMessage made, ReadOnlySpan<byte> attributes, NetlinkRequest request)
    {
        (NftablesMessage get, ushort[] keys) = made switch
        {
            NftablesMessage.NFT_MSG_NEWTABLE => (NftablesMessage.NFT_MSG_GETTABLE, (ushort[])[NFTA_TABLE_NAME]),
            NftablesMessage.NFT_MSG_NEWCHAIN => (NftablesMessage.NFT_MSG_GETCHAIN, [NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME]),
            NftablesMessage.NFT_MSG_NEWSET => (NftablesMessage.NFT_MSG_GETSET, [NFTA_SET_TABLE, NFTA_SET_NAME]),
            _ => throw new ArgumentException($"{made} makes nothing that can be compared", nameof(made)),
        };
        Netfilter.Start(request, NetfilterSubsystem.NFNL_SUBSYS_NFTABLES, (byte)get, NetlinkFlags.NLM_F_ACK, NetfilterFamily.NFPROTO_INET, $"{get}");
        foreach (ushort key in keys)
        {
            Netlink.TryFind(attributes, key, out ReadOnlySpan<byte> value);
            request.Attribute(key, value);
        }
    }

    private static NetlinkRequest RulesOf(string table)
    {
        NetlinkRequest request = new();
        Netfilter.Start(request, NetfilterSubsystem.NFNL_SUBSYS_NFTABLES, (byte)NftablesMessage.NFT_MSG_GETRULE, NetlinkFlags.NLM_F_DUMP, NetfilterFamily.NFPROTO_INET, $"rules of {table}");
        request.Attribute(NFTA_RULE_TABLE, table);
        return request;
    }

    private static bool Answers(SafeFileHandle netlink, NetlinkRequest request, List<ReadOnlyMemory<byte>> expected)
    {
        int next = 0;
        bool same = true;
        Netlink.Ask(netlink, request, (_, payload) =>
        {
            same = same && next < expected.Count && Has(payload[Unsafe.SizeOf<NetfilterHeader>()..], expected[next].Span, NFTA_SET_ID);
            next++;
        });
        return same && next == expected.Count;
    }

    /// <summary>Whether each expected attribute is there with its value, and no type that is expected comes more often. A set's id is for the transaction that made it.</summary>
    private static bool Has(ReadOnlySpan<byte> found, ReadOnlySpan<byte> expected, ushort except = 0)
    {
        // The n-th of a type belongs to the n-th: lists are made of attributes of one type.
        ReadOnlySpan<byte> rest = expected;
        while (Next(ref rest, out ushort type, out ReadOnlySpan<byte> value))
        {
            ushort plain = (ushort)(type & ~NLA_F_NESTED);
            if (plain == except)
            {
                continue;
            }

            int before = Count(expected[..^rest.Length], plain);
            if (Count(found, plain) != Count(expected, plain) || !(TryFind(found, plain, before, out ReadOnlySpan<byte> other)
                && ((type & NLA_F_NESTED) != 0 ? Has(other, value) : other.SequenceEqual(value))))
            {
                return false;
            }
        }

        return true;
    }

    private static int Count(ReadOnlySpan<byte> attributes, ushort type)
    {
        int count = 0;
        while (Next(ref attributes, out ushort found, out _))
        {
            count += (found & ~NLA_F_NESTED) == type ? 1 : 0;
        }

        return count;
    }

    /// <param name="attributes">Where.</param>
    /// <param name="type">What.</param>
    /// <param name="number">The how manieth of that type, from 1.</param>
    /// <param name="value">What it holds.</param>
    private static bool TryFind(ReadOnlySpan<byte> attributes, ushort type, int number, out ReadOnlySpan<byte> value)
    {
        while (Next(ref attributes, out ushort found, out value))
        {
            number -= (found & ~NLA_F_NESTED) == type ? 1 : 0;
            if (number == 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Next(scoped ref ReadOnlySpan<byte> attributes, out ushort type, out ReadOnlySpan<byte> value)
    {
        int length = attributes.Length >= AttributeHeaderBytes ? MemoryMarshal.Read<ushort>(attributes) : 0;
        if (length < AttributeHeaderBytes || length > attributes.Length)
        {
            type = 0;
            value = default;
            return false;
        }

        type = MemoryMarshal.Read<ushort>(attributes[sizeof(ushort)..]);
        value = attributes[AttributeHeaderBytes..length];
        attributes = attributes[Math.Min(attributes.Length, (length + 3) & ~3)..];
        return true;
    }
}
